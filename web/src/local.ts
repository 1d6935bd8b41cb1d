// An exported page answers its own requests: a worker steps, another one searches.
import { Refused } from "./api";
import type { Answer, Example, Link, Recording, Report } from "./api";
import type { CoreAnswer, CoreProgress, CoreRequest } from "./core";
import CoreScript from "./core?worker&inline";

/** What an exported page carries; `core` is compressed with gzip, in base64. */
export interface Exported { core: string; kit: string; example: Example; link: Link; recording: Recording }

async function unpack(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

class Core {
  private readonly worker = new CoreScript();
  private readonly waiting = new Map<number, (a: Answer) => void>();
  private last = 0;
  progress: (report: Report) => void = () => {};

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<CoreAnswer | CoreProgress>) => {
      if ("progress" in data) return this.progress(JSON.parse(data.progress));
      this.waiting.get(data.id)?.({ status: data.status, text: data.text });
      this.waiting.delete(data.id);
    };
    this.worker.onerror = (e) => this.fail(`the core has failed: ${e.message}`);
  }
  private send(request: Omit<CoreRequest, "id">): Promise<Answer> {
    const id = ++this.last;
    return new Promise((answered) => {
      this.waiting.set(id, answered);
      this.worker.postMessage({ id, ...request } satisfies CoreRequest);
    });
  }
  private fail(error: string) {
    for (const answered of this.waiting.values()) answered({ status: 500, text: JSON.stringify({ error }) });
    this.waiting.clear();
  }
  async load(module: WebAssembly.Module, kit: string) {
    const a = await this.send({ module, kit });
    if (a.status !== 200) throw new Error(a.text);
  }
  ask(path: string, body: object): Promise<Answer> { return this.send({ path, body }); }
  end() {
    this.worker.terminate();
    this.fail("cancelled");
  }
}

/** A search, a comparison or an explanation, in a worker of its own. */
interface Work { core: Promise<Core>; session: Promise<string>; report: Report; cancelled: boolean }
interface Session { id: string; link: Link; work?: Work }

const kLong = ["search", "explain", "matrix", "combinations"];

/** The result of work that was cancelled, which tells nothing. */
function nothing(kind: string, body: Record<string, unknown>): object {
  if (kind === "explain") return { goal: body.outcome ?? "", allowed: null, reason: "cancelled" };
  return { outcomes: [], rows: [], complete: false, reason: "cancelled", states: 0 };
}

const json = (value: object, status = 200): Answer => ({ status, text: JSON.stringify(value) });

/** Starts the core of an exported page; what it returns answers requests as docs/serve.md has them. */
export async function localAnswers(page: Exported): Promise<(path: string, body: object) => Promise<Answer>> {
  const module = await WebAssembly.compile(await unpack(page.core));
  const start = async () => {
    const core = new Core();
    await core.load(module, page.kit);
    return core;
  };
  const stepper = await start();
  const sessions = new Map<string, Session>();

  const value = (a: Answer) => {
    const o = JSON.parse(a.text);
    if (a.status !== 200) throw new Refused(o.error, a.status, o.diagnostics ?? []);
    return o;
  };
  const endWork = (s: Session) => {
    const { work } = s;
    s.work = undefined;
    work?.core.then((c) => c.end(), () => {});
  };
  const work = (s: Session, kind: string, body: object) => {
    // A worker that was ended, or whose memory is full, is of no more use.
    if (s.work && (s.work.cancelled || /memory/.test(JSON.stringify(s.work.report.result ?? "")))) endWork(s);
    if (!s.work) {
      const core = start();
      const session = core.then((c) => c.ask("open", s.link)).then((a) => value(a).session as string);
      s.work = { core, session, cancelled: false, report: { kind, running: true, states: 0, done: 0, seconds: 0, note: "" } };
    }
    const mine = s.work;
    mine.report = { kind, running: true, states: 0, done: 0, seconds: 0, note: "" };
    const finish = (result: unknown) => { if (!mine.cancelled) mine.report = { ...mine.report, running: false, result }; };
    (async () => {
      const core = await mine.core, session = await mine.session;
      core.progress = (r) => { if (!mine.cancelled) mine.report = { ...r, running: true }; };
      value(await core.ask(kind, { ...body, session }));
      finish(value(await core.ask("progress", { session })).result);
    })().catch((e) => finish({ error: e instanceof Error ? e.message : String(e) }));
    return json(mine.report);
  };
  const cancel = (s: Session, body: Record<string, unknown>) => {
    const w = s.work;
    if (!w) return json({ running: false });
    if (w.report.running) {
      w.cancelled = true;
      w.report = { ...w.report, running: false, result: nothing(w.report.kind, body) };
      w.core.then((c) => c.end(), () => {});
    }
    return json(w.report);
  };
  /** Takes the run that the worker which searched knows over into the one that steps. */
  const follow = async (s: Session, body: object): Promise<Answer> => {
    if (!s.work || s.work.cancelled) return json({ error: "search first: nothing is known of the outcomes" }, 409);
    const a = await (await s.work.core).ask("command", { ...body, session: await s.work.session });
    if (a.status !== 200 || !JSON.parse(a.text).steps) return a;
    const opened = value(await stepper.ask("open", { ...s.link, steps: JSON.parse(a.text).steps }));
    await stepper.ask("close", { session: s.id });
    s.id = opened.session;
    await stepper.ask("command", { session: s.id, line: "jump start" });
    return a;
  };

  return async (path, request) => {
    const body = request as Record<string, unknown>;
    if (path === "examples") return json({ examples: [page.example] });
    if (path === "open") {
      const a = await stepper.ask(path, body);
      if (a.status === 200) {
        const id = JSON.parse(a.text).session;
        sessions.set(id, { id, link: { ...(body as unknown as Link), steps: [] } });
      }
      return a;
    }
    if (path === "schema") return stepper.ask(path, body);
    const name = String(body.session), s = sessions.get(name);
    if (!s) return json({ error: "there is no such session; open the test again" }, 404);
    if (kLong.includes(path)) {
      if (s.work?.report.running) return json({ error: "something is still running; cancel it first" }, 409);
      return work(s, path, body);
    }
    if (path === "progress" && s.work) return json(s.work.report);
    if (path === "cancel") return cancel(s, body);
    if (path === "command" && /^(follow|outcomes)\b/.test(String(body.line))) return follow(s, body);
    if (path === "close") {
      endWork(s);
      sessions.delete(name);
    }
    return stepper.ask(path, { ...body, session: s.id });
  };
}
