// The core of exported pages against the server: the same answers to the same requests. ISOBAR_BINARY is the command, and
// ISOBAR_TESTS a list of tests, separated by blanks, instead of the usual ones.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";

const root = resolve(import.meta.dirname, "../..");
const files = process.env.ISOBAR_TESTS?.split(" ") ?? ["scenarios/classics/mp.yaml", "scenarios/classics/iriw.yaml", "scenarios/jit/publish.yaml",
  "scenarios/prctl/kinds.yaml", "scenarios/mte/handover.yaml", "scenarios/tso/flavour-atomics.yaml", "scenarios/quickstart/2-release-acquire.yaml"];
let server, address, module, examples;

before(async () => {
  server = spawn(process.env.ISOBAR_BINARY ?? join(root, "build/isobar"), ["serve", "--port", "0", ...files], { cwd: root });
  address = await new Promise((found) => server.stdout.once("data", (d) => found(String(d).split(" ")[0])));
  const core = await fetch(address + "core.wasm.gz");
  if (core.status === 200) module = new WebAssembly.Module(gunzipSync(new Uint8Array(await core.arrayBuffer())));
  examples = (await native("examples", {})).answer.examples.filter((e) => !e.lesson);
});
after(() => server?.kill("SIGINT"));

async function native(path, body) {
  const response = await fetch(address + "api/" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, answer: await response.json() };
}

/** The core in this process; reports of progress are collected. */
function start(kit) {
  let core;
  const reports = [], view = () => new DataView(core.memory.buffer);
  const text = (at, bytes) => new TextDecoder().decode(new Uint8Array(core.memory.buffer, at, bytes));
  const imports = {
    env: {
      emscripten_notify_memory_growth() {},
      getentropy: (at, bytes) => { crypto.getRandomValues(new Uint8Array(core.memory.buffer, at, bytes)); return 0; },
      isobar_progress: (at, bytes) => reports.push(JSON.parse(text(at, bytes))),
    },
    wasi_snapshot_preview1: {
      proc_exit(status) { throw new Error(`status ${status}`); },
      fd_close: () => 8, fd_seek: () => 8, fd_read: () => 8, fd_write: () => 8, environ_get: () => 0, clock_res_get: () => 8,
      environ_sizes_get: (count, size) => { view().setUint32(count, 0, true); view().setUint32(size, 0, true); return 0; },
      clock_time_get: (_, __, at) => { view().setBigUint64(at, process.hrtime.bigint(), true); return 0; },
    },
  };
  core = new WebAssembly.Instance(module, imports).exports;
  core._initialize();
  const put = (what) => {
    const bytes = new TextEncoder().encode(what), at = core.isobar_buffer(bytes.length);
    new Uint8Array(core.memory.buffer, at, bytes.length).set(bytes);
  };
  const answer = () => text(core.isobar_answer(), core.isobar_size());
  put(kit);
  assert.ok(core.isobar_load(), "the kit is refused");
  return {
    reports,
    ask(path, body) {
      put(JSON.stringify({ path, body }));
      const status = core.isobar_handle();
      return { status, answer: JSON.parse(answer()) };
    },
  };
}

/** Without what is not the same in every run. */
const plain = ({ session, seconds, ...rest }) => rest;

async function result(session) {
  for (;;) {
    const { answer } = await native("progress", { session });
    if (!answer.running) return answer.result;
    await new Promise((done) => setTimeout(done, 20));
  }
}

test("the core answers as the server does", async (t) => {
  if (!module) return t.skip("the command was built without the core (wasm/build)");
  for (const { text, file, name } of examples) {
    const began = performance.now();
    const { answer: { kit } } = await native("kit", { text, file });
    const kitSeconds = (performance.now() - began) / 1000;
    const core = start(kit);
    const { answer: { variants } } = await native("open", { text, file });
    let seconds = 0, states = 0, here = 0;
    for (const variant of variants) {
      const both = [await native("open", { text, file, variant }), core.ask("open", { text, file, variant })];
      assert.equal(both[0].status, 200);
      assert.deepEqual(plain(both[1].answer), plain(both[0].answer), `${name} ${variant}`);
      const [a, b] = both.map((x) => x.answer.session);
      for (const line of ["auto random 7", "undo 3", "why", "history", "jump start", "1"])
        assert.deepEqual(core.ask("command", { session: b, line }), await native("command", { session: a, line }), `${name} ${variant}: ${line}`);
      await native("search", { session: a });
      core.ask("search", { session: b });
      const mine = core.ask("progress", { session: b }).answer.result, theirs = await result(a);
      assert.deepEqual(plain(mine), plain(theirs), `${name} ${variant}: search`);
      seconds += theirs.seconds; here += mine.seconds; states += mine.states;
      assert.deepEqual(core.ask("command", { session: b, line: "follow 1" }), await native("command", { session: a, line: "follow 1" }));
      await native("close", { session: a });
      core.ask("close", { session: b });
    }
    console.log(`${name}: ${variants.length} machines, ${states} states, ${seconds.toFixed(2)} s, in WebAssembly ${here.toFixed(2)} s; kit ${kitSeconds.toFixed(2)} s, ${kit.length} bytes`);
  }
});

test("changes, cycles and refusals are the same", async (t) => {
  if (!module) return t.skip("the command was built without the core (wasm/build)");
  const { text, file } = examples[0];
  const { answer: { kit } } = await native("kit", { text, file });
  const core = start(kit);
  const { answer: { session: a, changes, variants } } = await native("open", { text, file });
  const b = core.ask("open", { text, file }).answer.session;
  await native("search", { session: a });
  await result(a);
  core.ask("search", { session: b });
  await native("matrix", { session: a, groups: ["weaker", "tso", "stronger"] });
  const rows = (await result(a)).rows;
  core.ask("matrix", { session: b, groups: ["weaker", "tso", "stronger"] });
  assert.deepEqual(core.ask("progress", { session: b }).answer.result.rows.map(plain), rows.map(plain));
  for (const { what } of changes)
    assert.deepEqual(plain(core.ask("open", { text, file, change: what }).answer), plain((await native("open", { text, file, change: what })).answer), what);
  const last = variants.at(-1), c = (await native("open", { text, file, variant: last })).answer.session;
  const d = core.ask("open", { text, file, variant: last }).answer.session;
  for (const path of ["search", "explain"]) {
    await native(path, { session: c, outcome: "" });
    const theirs = await result(c);
    core.ask(path, { session: d, outcome: "" });
    assert.deepEqual(plain(core.ask("progress", { session: d }).answer.result), plain(theirs), path);
  }
  assert.equal(core.ask("open", { text: text + "#", file }).status, 400);
  assert.match(core.ask("open", { text: text + "#", file }).answer.error, /cannot read another scenario/);
});
