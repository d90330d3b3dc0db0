package codestore

import "golang.org/x/sys/windows"

// freeOn returns the free space on the disk of a folder, in bytes.
func freeOn(dir string) (int64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return int64(free), err
}
