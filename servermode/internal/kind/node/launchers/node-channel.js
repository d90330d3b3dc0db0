// The connection to the server. A frame on descriptor 3 is, big-endian: uint32 run,
// byte stream (1 stdout, 2 stderr, 3 result), byte 0, uint16 status (of a result,
// else 0), uint32 length, payload.
"use strict";

const { closeSync, openSync, writeSync, constants } = require("node:fs");

// The action may replace globals.
const { stringify } = JSON;
const bytesOf = Buffer.from.bind(Buffer);
const joined = Buffer.concat.bind(Buffer);
const zeros = Buffer.alloc.bind(Buffer);

const STDOUT = 1, STDERR = 2, RESULT = 3;
const LONGEST = 32 << 10; // of a log frame's payload

const own = (fd, mode) => openSync(`/proc/self/fd/${fd}`, mode);

// takeOver moves what fd leads to to a descriptor of ours, away from the action.
// Children do not inherit it, and the action cannot make it block.
function takeOver(fd, mode) {
  const mine = own(fd, mode);
  closeSync(fd);
  openSync("/dev/null", constants.O_RDWR); // takes fd's place, the lowest that is free
  return mine;
}

const requests = takeOver(0, constants.O_RDONLY);
const answers = takeOver(3, constants.O_WRONLY);
const real = { [STDOUT]: own(1, constants.O_WRONLY), [STDERR]: own(2, constants.O_WRONLY) };

function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function frame(id, stream, status, payload) {
  const head = zeros(12);
  head.writeUInt32BE(id, 0);
  head[4] = stream;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(payload.length, 8);
  writeAll(answers, joined([head, payload]));
}

function sendLog(id, stream, bytes) {
  for (let at = 0; at < bytes.length; at += LONGEST) {
    frame(id, stream, 0, bytes.subarray(at, at + LONGEST));
  }
}

module.exports = {
  STDOUT, STDERR, requests, sendLog,
  sendResult: (id, status, payload) => frame(id, RESULT, status, payload),
  writeReal: (stream, bytes) => writeAll(real[stream], bytes),
  reply: (message) => writeAll(answers, bytesOf(`${stringify(message)}\n`)),
};
