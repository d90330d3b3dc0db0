package spans

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
)

const (
	// maxBatch is how many spans are sent at once.
	maxBatch = 128
	// gather is how long they are waited for: the platform freezes a container
	// that has nothing to do within seconds.
	gather = time.Second
)

// send sends what ends, in batches, until it is to stop. What the
// collector does not take is gone: nobody waits for it, and nothing else may.
func (t *Tracer) send() {
	defer close(t.ended)
	for {
		batch, more := t.gather()
		if len(batch) > 0 {
			t.note(t.post(batch), len(batch))
		}
		if !more {
			return
		}
	}
}

// gather waits for a span, and a little for others; more is whether there will
// be any after them.
func (t *Tracer) gather() (batch []*record, more bool) {
	var over <-chan time.Time
	for len(batch) < maxBatch {
		select {
		case next := <-t.queue:
			if batch = append(batch, next); over == nil {
				over = time.After(gather)
			}
		case <-over:
			return batch, true
		case <-t.stop:
			return t.rest(batch)
		}
	}
	return batch, true
}

// rest is what waits at the end.
func (t *Tracer) rest(batch []*record) (_ []*record, more bool) {
	for len(batch) < maxBatch {
		select {
		case next := <-t.queue:
			batch = append(batch, next)
		default:
			return batch, false
		}
	}
	return batch, true
}

func (t *Tracer) post(batch []*record) error {
	ctx, cancel := context.WithTimeout(context.Background(), t.patience)
	defer cancel()
	request := t.request
	request.Body = encode(t.resource, batch)
	resp, err := t.pool.Send(ctx, &request)
	if err != nil {
		return err
	}
	defer resp.Close()
	if resp.Status/100 != 2 {
		return fmt.Errorf("it answered %d", resp.Status)
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(resp, 64<<10)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// note logs what became of a batch: the first of a row that is lost, and the
// first that is not any more.
func (t *Tracer) note(err error, n int) {
	switch {
	case err != nil:
		if t.lost.Add(int64(n)); !t.down {
			t.log.Warn("the collector does not take spans; they are dropped", zap.Error(err))
		}
	case t.down:
		t.log.Info("the collector takes spans again", zap.Int64("dropped", t.lost.Swap(0)))
	}
	t.down = err != nil
}
