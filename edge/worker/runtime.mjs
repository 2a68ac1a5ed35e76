// The host of a Go module that runs nothing between its calls.

const decoder = new TextDecoder();

/** Starts a module that makes no host call of its own, and returns its exports and views on its memory. */
export function reactor(module) {
	let bytes;
	let data;
	let memory;
	const views = () => {
		// When the memory grows it detaches the views on it.
		if (bytes?.buffer !== memory.buffer) {
			bytes = new Uint8Array(memory.buffer);
			data = new DataView(memory.buffer);
		}
		return { bytes, data };
	};
	const { exports } = new WebAssembly.Instance(module, runtime(views));
	memory = exports.memory;
	exports._initialize();
	return { exports, views };
}

// runtime returns what the two compilers' own runtimes import. None of it waits: for a
// module that tried to, no time would pass, and there would be no file to read.
export function runtime(views) {
	let line = "";
	const ok = () => 0;
	const badFile = () => 8;
	const zero = (...at) => {
		const { data } = views();
		for (const a of at) data.setUint32(a, 0, true);
		return 0;
	};
	const random = (at, n) => {
		crypto.getRandomValues(views().bytes.subarray(at, at + n));
		return 0;
	};
	const wasi = {
		fd_write(fd, list, n, written) {
			const { bytes, data } = views();
			let total = 0;
			for (let k = 0; k < n; k++) {
				const at = data.getUint32(list + 8 * k, true);
				const size = data.getUint32(list + 8 * k + 4, true);
				line += decoder.decode(bytes.subarray(at, at + size));
				total += size;
			}
			data.setUint32(written, total, true);
			const lines = line.split("\n");
			line = lines.pop();
			for (const l of lines) console.error(l);
			return 0;
		},
		random_get: random,
		clock_time_get(id, precision, at) {
			views().data.setBigUint64(at, BigInt(Date.now()) * 1000000n, true);
			return 0;
		},
		args_sizes_get: zero,
		environ_sizes_get: zero,
		args_get: ok,
		environ_get: ok,
		sched_yield: ok,
		fd_close: ok,
		fd_seek: badFile,
		fd_read: badFile,
		path_open: badFile,
		path_filestat_get: badFile,
		fd_fdstat_get: badFile,
		fd_fdstat_set_flags: badFile,
		fd_prestat_get: badFile,
		fd_prestat_dir_name: badFile,
		// Go's scheduler asks whether a timer is due before it sleeps; it never is.
		poll_oneoff(from, to, n, events) {
			views().data.setUint32(events, 0, true);
			return 0;
		},
		proc_exit(code) {
			throw new WebAssembly.RuntimeError(`exit ${code}`);
		},
	};
	return { wasi_snapshot_preview1: wasi };
}
