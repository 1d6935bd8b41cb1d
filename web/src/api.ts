// The protocol of docs/serve.md.

export interface Named { name: string; value: string }
export interface Uop { slot: number; status: string; waits: string; done: boolean }
export interface Line { name: string; words: string[]; old: boolean }
export interface Core {
  name: string; el: number; tso: boolean; masked: boolean; pending: number[]; active: number[]; interrupt: string;
  registers: Named[]; window: { text: string; uops: Uop[]; old: boolean }[]; store_buffer: Named[]; next: string; fetch: string;
  instruction_lines: Line[];
}
export interface KernelObject { name: string; fields: Named[] }
export interface Kernel { run_queues: KernelObject[]; threads: KernelObject[]; processes: KernelObject[] }
export interface State {
  position: number; length: number; status: string; cores: Core[]; memory: Named[]; outcome: string;
  versions: { name: string; versions: string[]; cleaned: number; obtainable: Named[] }[];
  data_lines: Line[]; kernel: Kernel | null;
}
export interface Choice { what: string; notes: string[]; core: number; kind: string; dead: boolean }
export interface Graph {
  events: { core: number; instruction: number; kind: string; label: string; text: string }[];
  edges: { from: number; to: number; relation: string }[];
}
export interface Now { state: State; choices: Choice[]; changes?: string[]; graph: Graph; steps: number[][]; told?: string }
export interface Opened {
  session: string; name: string; title: string; variant: string; variants: string[]; change: string; cores: string[];
  code: { thread: number; line: number; text: string }[];
  expectations: { expect: string; condition: string; why: string }[];
  changes: { what: string; group: string }[]; switches: Switch[]; settings: Record<string, string>; now: Now;
}
export interface Switch { what: string; group: string; values: string[] }
export interface Found {
  outcomes: { state: string; condition: boolean; steps: number }[]; complete: boolean; reason: string; states: number;
}
export interface Why {
  goal: string; allowed: boolean | null; headline?: string; reason?: string;
  cycle?: { from: string; relation: string; to: string; clause: string; by: string }[];
}
export interface Row extends Found { what: string; group: string }
export interface Combination extends Found { settings: Record<string, string> }
export interface Report { kind: string; running: boolean; states: number; done: number; seconds: number; note: string; result?: unknown }
export interface Lesson { number: number; title: string; text: string; try: string[]; question: string; outcome: string; variant: string }
export interface Example { name: string; file: string; text: string; lesson?: Lesson }
export interface Diagnostic { file: string; line: number; column: number; message: string }
export interface Recording { title: string; cores: string[]; position: number; states: Now[] }

export class Refused extends Error {
  constructor(message: string, readonly status: number, readonly diagnostics: Diagnostic[]) {
    super(message);
  }
}

export interface Answer { status: number; text: string }

let answers = async (path: string, request: object): Promise<Answer> => {
  const response = await fetch("/api/" + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request),
  });
  return { status: response.status, text: await response.text() };
};

/** From now on `from` answers instead of the server. */
export function answerFrom(from: typeof answers) {
  answers = from;
}

export async function ask<T>(path: string, request: object): Promise<T> {
  const { status, text } = await answers(path, request);
  const answer = JSON.parse(text);
  if (status !== 200) throw new Refused(answer.error, status, answer.diagnostics ?? []);
  return answer as T;
}

/** Waits for the long work of a session. */
export async function finished(session: string, tell: (r: Report) => void): Promise<Report> {
  for (let wait = 20; ; wait = Math.min(2 * wait, 250)) {
    const report = await ask<Report>("progress", { session });
    tell(report);
    if (!report.running) {
      const failed = (report.result as { error?: string })?.error;
      if (failed) throw new Refused(failed, 400, []);
      return report;
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

export interface Link { text: string; file: string; variant: string; change: string; settings?: Record<string, string>; steps: number[][] }

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const out = new Blob([bytes as BlobPart]).stream().pipeThrough(stream as unknown as ReadableWritablePair<Uint8Array, Uint8Array>);
  return new Uint8Array(await new Response(out as ReadableStream).arrayBuffer());
}

export async function encodeLink(link: Link): Promise<string> {
  const packed = await through(new TextEncoder().encode(JSON.stringify(link)), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of packed) binary += String.fromCharCode(byte);
  return "#t=" + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export async function decodeLink(hash: string): Promise<Link | null> {
  if (!hash.startsWith("#t=")) return null;
  const binary = atob(hash.slice(3).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))));
}
