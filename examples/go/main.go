// Segments an image file and writes its mask as a PGM: segment IMAGE MASK.pgm
//
//	CGO_CFLAGS=-I../../include CGO_LDFLAGS="-LLIBRARY -llungseg" go build -o segment
package main

// #include <stdlib.h>
// #include <lungseg.h>
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

// The thread's last error is asked for on the thread that had it.
func check(status C.lungseg_status) {
	if status == C.LUNGSEG_OK {
		return
	}
	text := make([]byte, C.lungseg_error(nil, 0))
	C.lungseg_error((*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(text)))
	fail(string(text[:len(text)-1]))
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, "segment:", text)
	os.Exit(2)
}

func main() {
	runtime.LockOSThread()
	if len(os.Args) != 3 {
		fail("usage: segment IMAGE MASK.pgm")
	}
	file, err := os.ReadFile(os.Args[1])
	if err != nil || len(file) == 0 {
		fail(fmt.Sprint(os.Args[1], " cannot be read: ", err))
	}

	var segmenter *C.lungseg_segmenter
	options := C.lungseg_options{size: C.sizeof_lungseg_options, abi: C.LUNGSEG_ABI}
	check(C.lungseg_create(&options, &segmenter))
	defer C.lungseg_destroy(segmenter)

	// Go's memory may not hold pointers to Go's memory while C has it.
	bytes := C.CBytes(file)
	defer C.free(bytes)
	image := C.lungseg_image{size: C.sizeof_lungseg_image, format: C.LUNGSEG_ENCODED, data: bytes, data_size: C.size_t(len(file))}
	var result *C.lungseg_result
	check(C.lungseg_segment(segmenter, &image, &result))
	defer C.lungseg_release(result)

	found := C.lungseg_statistics{size: C.sizeof_lungseg_statistics}
	check(C.lungseg_measure(result, &found))
	mask := make([]byte, int(found.width)*int(found.height))
	check(C.lungseg_mask(result, (*C.uint8_t)(unsafe.Pointer(&mask[0])), C.size_t(len(mask))))

	header := fmt.Sprintf("P5\n%d %d\n255\n", found.width, found.height)
	if err := os.WriteFile(os.Args[2], append([]byte(header), mask...), 0o644); err != nil {
		fail(err.Error())
	}
	fmt.Printf("%d of %d x %d pixels are lung\n", found.area, found.width, found.height)
}
