// Runs the core (web/dist/core.wasm.gz) in a worker: requests as docs/serve.md has them, one after the other.

export interface CoreRequest { id: number; module?: WebAssembly.Module; kit?: string; path?: string; body?: object }
export interface CoreAnswer { id: number; status: number; text: string }
export interface CoreProgress { progress: string }

interface Exports {
  memory: WebAssembly.Memory; _initialize(): void; isobar_buffer(bytes: number): number; isobar_size(): number;
  isobar_answer(): number; isobar_load(): number; isobar_handle(): number;
}

let core: Exports | undefined;
const text = (at: number, bytes: number) => new TextDecoder().decode(new Uint8Array(core!.memory.buffer, at, bytes));
const view = () => new DataView(core!.memory.buffer);

/** What the module imports: a clock, randomness, and an outlet for messages that nobody expects. */
const wasi = {
  proc_exit: (status: number) => { throw new Error(`the core has ended with status ${status}`); },
  fd_close: () => 8, fd_seek: () => 8, fd_read: () => 8,
  fd_write: (_: number, list: number, count: number, written: number) => {
    let all = "", bytes = 0;
    for (let n = 0; n < count; ++n) {
      const size = view().getUint32(list + 8 * n + 4, true);
      all += text(view().getUint32(list + 8 * n, true), size);
      bytes += size;
    }
    console.warn(all);
    view().setUint32(written, bytes, true);
    return 0;
  },
  environ_sizes_get: (count: number, size: number) => { view().setUint32(count, 0, true); view().setUint32(size, 0, true); return 0; },
  environ_get: () => 0,
  clock_res_get: (_: number, at: number) => { view().setBigUint64(at, 1000n, true); return 0; },
  clock_time_get: (_: number, __: bigint, at: number) => {
    view().setBigUint64(at, BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)), true);
    return 0;
  },
};
const env = {
  emscripten_notify_memory_growth: () => {},
  getentropy: (at: number, bytes: number) => { crypto.getRandomValues(new Uint8Array(core!.memory.buffer, at, bytes)); return 0; },
  isobar_progress: (at: number, bytes: number) => postMessage({ progress: text(at, bytes) } satisfies CoreProgress),
};

function put(what: string) {
  const bytes = new TextEncoder().encode(what), at = core!.isobar_buffer(bytes.length);
  new Uint8Array(core!.memory.buffer, at, bytes.length).set(bytes);
}
const answer = () => text(core!.isobar_answer(), core!.isobar_size());

onmessage = (event: MessageEvent<CoreRequest>) => {
  const { id, module, kit, path, body } = event.data;
  try {
    if (module) {
      core = new WebAssembly.Instance(module, { env, wasi_snapshot_preview1: wasi }).exports as unknown as Exports;
      core._initialize();
      put(kit!);
      if (!core.isobar_load()) throw new Error(answer());
      return postMessage({ id, status: 200, text: "{}" } satisfies CoreAnswer);
    }
    put(JSON.stringify({ path, body }));
    const status = core!.isobar_handle();
    postMessage({ id, status, text: answer() } satisfies CoreAnswer);
  } catch (e) {
    postMessage({ id, status: 500, text: JSON.stringify({ error: `the core has failed: ${e instanceof Error ? e.message : e}` }) } satisfies CoreAnswer);
  }
};
