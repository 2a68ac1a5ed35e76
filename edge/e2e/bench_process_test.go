//go:build !js

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// workerd is the folder in /proc of the process that the harness started, or ""
// where there is no /proc.
func (r *rig) workerd() string {
	if r.proc == "" {
		parent := fmt.Appendf(nil, "\nPPid:\t%d\n", r.Pid())
		all, _ := filepath.Glob("/proc/[0-9]*/status")
		for _, file := range all {
			text, err := os.ReadFile(file)
			if err == nil && bytes.HasPrefix(text, []byte("Name:\tworkerd\n")) && bytes.Contains(text, parent) {
				r.proc = filepath.Dir(file)
			}
		}
	}
	return r.proc
}

// cpu is how long workerd's threads have run so far. A noisy neighbour makes an op
// take longer, and this hardly.
func (r *rig) cpu() time.Duration {
	var total time.Duration
	threads, _ := filepath.Glob(r.workerd() + "/task/*/schedstat")
	for _, file := range threads {
		text, _ := os.ReadFile(file)
		ran, _, _ := bytes.Cut(text, []byte(" "))
		n, _ := strconv.ParseInt(string(ran), 10, 64)
		total += time.Duration(n)
	}
	return total
}

// resident is workerd's resident memory in bytes, VmRSS in /proc/<pid>/status.
func (r *rig) resident() int {
	text, err := os.ReadFile(r.workerd() + "/status")
	if err != nil {
		r.T.Skip("no /proc to read memory from")
	}
	_, rest, _ := bytes.Cut(text, []byte("\nVmRSS:"))
	line, _, _ := bytes.Cut(rest, []byte("kB"))
	n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	check(err)
	return n << 10
}
