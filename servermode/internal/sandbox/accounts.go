package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// functionName is the name of a function's user where it has an entry of its own in
// /etc/passwd.
const functionName = "function"

// uidOf returns the user that processes run as: a function's own or the server's.
func uidOf(user *User) (uid, gid int) {
	if user != nil {
		return int(user.ID), int(user.ID)
	}
	return os.Getuid(), os.Getgid()
}

// accountOf returns the name of a user, and whether the host knows it.
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

func numberedName(uid int) string { return functionName + "-" + strconv.Itoa(uid) }

// NameUsers writes an entry for each of the sandbox's users into the passwd and
// group files of a folder. The folder is /etc of a container in which no function
// can be given files of its own.
func (s *Sandbox) NameUsers(etc string) error {
	for _, file := range []string{"passwd", "group"} {
		path := filepath.Join(etc, file)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = withoutNumbered(text)
		var more strings.Builder
		for id := s.Users.first; id < s.Users.first+s.Users.size; id += 2 {
			more.WriteString(entry(file, numberedName(int(id)), int(id), int(id), "/nonexistent"))
		}
		if err := appendTo(path, text, more.String()); err != nil {
			return err
		}
	}
	s.named = true
	return nil
}

// withoutNumbered leaves out the entries of an earlier server, which may have had
// another block of users.
func withoutNumbered(text []byte) (out []byte) {
	for line := range bytes.Lines(text) {
		fields := strings.Split(strings.TrimSpace(string(line)), ":")
		if len(fields) < 3 || fields[0] != functionName+"-"+fields[2] {
			out = append(out, line...)
		}
	}
	return out
}

// appendTo replaces a file by one with more text, so that no reader sees half an
// entry.
func appendTo(path string, text []byte, more string) error {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		more = "\n" + more
	}
	fresh := path + ".whiskaway"
	err := errors.Join(os.WriteFile(fresh, append(text, more...), 0o644), os.Chmod(fresh, 0o644))
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, ignoreGone(os.Remove(fresh)))
	}
	return nil
}

// withAccount returns a host's passwd or group file with one more entry.
func withAccount(host []byte, file, name string, user *User, home string) []byte {
	uid, gid := uidOf(user)
	out := bytes.TrimRight(host, "\n")
	if len(out) > 0 {
		out = append(bytes.Clone(out), '\n')
	}
	return append(out, entry(file, name, uid, gid, home)...)
}

// entry returns a line of a passwd or group file.
func entry(file, name string, uid, gid int, home string) string {
	if file == "group" {
		return fmt.Sprintf("%s:x:%d:\n", name, gid)
	}
	return fmt.Sprintf("%s:x:%d:%d:a function:%s:/bin/sh\n", name, uid, gid, home)
}
