package chatkeep

/*
#cgo linux LDFLAGS: -l:libchatkeep_c.a -lm -ldl -lpthread
#cgo darwin LDFLAGS: -lchatkeep_c -framework CoreFoundation -framework Security
#include "chatkeep.h"

static ChatkeepAnswer call(uint64_t handle, _GoString_ operation, void *arguments, size_t length, void *cancelled) {
	return chatkeep_call(handle, _GoStringPtr(operation), _GoStringLen(operation), arguments, length, cancelled);
}
*/
import "C"

import (
	"context"
	"encoding/json"
	"reflect"
	"sync/atomic"
	"unsafe"
)

// maxRunning is the maximum number of concurrent calls of a store. Each blocks a thread; further
// ones wait as goroutines.
const maxRunning = 256

// store is an open store of the library.
type store struct {
	handle  C.uint64_t
	running chan struct{}
}

func openHandle(settings []byte) (C.uint64_t, error) {
	var handle C.uint64_t
	answer := C.chatkeep_open((*C.char)(unsafe.Pointer(&settings[0])), C.size_t(len(settings)), &handle)
	return handle, decode(answer, nil)
}

// call runs an operation and decodes its result, unless the result is nil.
func (s *store) call(ctx context.Context, operation, name string, arguments, result any) error {
	text, err := encode(name, arguments)
	if err != nil {
		return err
	}
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return &Error{
			Kind: ErrInterrupted, Message: "the call was interrupted", Operation: name, context: ctx.Err(),
		}
	}
	return s.run(ctx, name, arguments, result, func(cancelled unsafe.Pointer) C.ChatkeepAnswer {
		return C.call(s.handle, operation, unsafe.Pointer(&text[0]), C.size_t(len(text)), cancelled)
	})
}

func (s *store) close(ctx context.Context, timeout float64) error {
	return s.run(ctx, "Close", struct{}{}, nil, func(cancelled unsafe.Pointer) C.ChatkeepAnswer {
		return C.chatkeep_close(s.handle, C.double(timeout), (*C.uint32_t)(cancelled))
	})
}

// run waits for a call of the library, or for the context to be cancelled.
func (s *store) run(
	ctx context.Context, name string, arguments, result any, work func(unsafe.Pointer) C.ChatkeepAnswer,
) error {
	var cancelled *uint32
	if ctx.Done() != nil {
		cancelled = new(uint32)
		finished := make(chan struct{})
		defer close(finished)
		go func() {
			select {
			case <-ctx.Done():
				atomic.StoreUint32(cancelled, 1)
			case <-finished:
			}
		}()
	}
	err := decode(work(unsafe.Pointer(cancelled)), result)
	if failure, isFailure := err.(*Error); isFailure {
		failure.spell(name, arguments)
		if failure.Kind == ErrInterrupted {
			failure.context = ctx.Err()
		}
	}
	return err
}

// decode reads an answer and frees it.
func decode(answer C.ChatkeepAnswer, result any) error {
	defer C.chatkeep_free(answer)
	text := unsafe.Slice((*byte)(unsafe.Pointer(answer.data)), int(answer.length))
	if answer.is_error {
		failure := new(Error)
		if err := json.Unmarshal(text, failure); err != nil {
			return &Error{Kind: ErrInternal, Message: err.Error()}
		}
		return failure
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(text, result); err != nil {
		return &Error{Kind: ErrInternal, Message: err.Error()}
	}
	inUTC(reflect.ValueOf(result))
	return nil
}

func version() string { return C.GoString(C.chatkeep_version()) }
