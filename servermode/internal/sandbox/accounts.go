package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// functionName is what a function's user is called where it has an entry of its
// own in /etc/passwd.
const functionName = "function"

// uidOf is whose processes are: a function's own user or the server's.
func uidOf(user *User) (uid, gid int) {
	if user != nil {
		return int(user.ID), int(user.ID)
	}
	return os.Getuid(), os.Getgid()
}

// accountOf is the name of a user, and whether the host knows it.
func accountOf(user *User) (name string, known bool) {
	uid, _ := uidOf(user)
	text, _ := os.ReadFile("/etc/passwd")
	taken := false
	for line := range bytes.Lines(text) {
		fields := bytes.Split(bytes.TrimSpace(line), []byte{':'})
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(uid) {
			return string(fields[0]), true
		}
		taken = taken || string(fields[0]) == functionName
	}
	if taken {
		return numberedName(uid), false
	}
	return functionName, false
}

// userName is what a process may call its user, known to the host or not.
func userName(user *User) string {
	name, _ := accountOf(user)
	return name
}

func numberedName(uid int) string { return functionName + "-" + strconv.Itoa(uid) }

// withAccount is a host's passwd or group file with one more entry.
func withAccount(host []byte, file, name string, user *User, home string) []byte {
	uid, gid := uidOf(user)
	out := bytes.TrimRight(host, "\n")
	if len(out) > 0 {
		out = append(bytes.Clone(out), '\n')
	}
	return append(out, entry(file, name, uid, gid, home)...)
}

// entry is a line of a passwd or group file.
func entry(file, name string, uid, gid int, home string) string {
	if file == "group" {
		return fmt.Sprintf("%s:x:%d:\n", name, gid)
	}
	return fmt.Sprintf("%s:x:%d:%d:a function:%s:/bin/sh\n", name, uid, gid, home)
}
