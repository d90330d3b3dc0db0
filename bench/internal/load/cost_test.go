package load_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

func TestTarget_CallAllocatesLittle(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	work, err := load.NewValue([]byte(`{}`), 0)
	require.NoError(t, err)
	request := make([]byte, len("POST /run HTTP/1.1\r\nHost: "+l.Addr().String()+"\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n")+len(work.Next(nil, 0)))
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	go func() {
		wire, err := l.Accept()
		for err == nil {
			if _, err = io.ReadFull(wire, request); err == nil {
				_, err = wire.Write(answer)
			}
		}
	}()
	target, err := load.NewTarget("http://"+l.Addr().String(), 1)
	require.NoError(t, err)
	defer target.Close()
	allocations := testing.AllocsPerRun(100, func() {
		if err := target.Call(work, time.Minute); err != nil {
			t.Error(err)
		}
	})
	assert.Less(t, allocations, 1.0, "the generator shares its CPUs with what it measures")
}
