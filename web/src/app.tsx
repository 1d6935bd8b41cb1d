import { useEffect, useRef, useState } from "preact/hooks";
import { ask, decodeLink, encodeLink, finished, Refused } from "./api";
import type { Combination, Diagnostic, Example, Found, Link, Now, Opened, Report, Row, State, Why } from "./api";
import { Compare, kGroups } from "./compare";
import { Editor } from "./editor";
import { GraphView } from "./graph";
import { LessonPanel } from "./lesson";
import type { Exported } from "./local";
import { Choices, Machine, Waiting } from "./machine";
import { Outcomes } from "./outcomes";
import { Walk } from "./walk";

/** What the last step changed. A jump changes more than anybody wants to read or hear. */
function Changes({ all, most = 8 }: { all: string[]; most?: number }) {
  return <span class="quiet">{all.slice(0, most).join(" · ").replaceAll(" -> ", " → ")}{all.length > most && ` · and ${all.length - most} more`}</span>;
}

/** The page; `exported` if it works without a server. */
export function App({ exported }: { exported?: Exported }) {
  const [examples, setExamples] = useState<Example[]>([]);
  const [chosen, setChosen] = useState(0);
  const [text, setText] = useState(""), [file, setFile] = useState("test.yaml");
  const [opened, setOpened] = useState<Opened>(), [now, setNow] = useState<Now>(), [before, setBefore] = useState<State>();
  const [found, setFound] = useState<Found>(), [why, setWhy] = useState<Why>(), [rows, setRows] = useState<Row[]>([]);
  const [combinations, setCombinations] = useState<{ vary: string[]; rows: Combination[] }>({ vary: [], rows: [] });
  const [report, setReport] = useState<Report>();
  const [problems, setProblems] = useState<Diagnostic[]>([]), [message, setMessage] = useState("");
  const session = useRef(""), working = useRef(new Set<string>());
  const works = useRef<{ id: string; last: Promise<unknown> }>({ id: "", last: Promise.resolve() });
  const complete = useRef("");  // the session whose outcomes are all known
  const running = useRef<{ id: string; result: Promise<void> } | undefined>(undefined);
  const queue = useRef(Promise.resolve());

  const tell = (e: unknown) => {
    setMessage(e instanceof Refused ? e.message : exported ? `This page has failed: ${e}` : "The server does not answer. Is 'isobar serve' still running?");
    if (e instanceof Refused) setProblems(e.diagnostics);
  };
  /** One request after the other, so that fast keys do not overtake each other. */
  const inTurn = (work: () => Promise<void>) => {
    queue.current = queue.current.then(async () => {
      try {
        setMessage("");
        await work();
      } catch (e) {
        tell(e);
      }
    });
    return queue.current;
  };

  const latest = useRef<Now | undefined>(undefined);
  const show = (next: Now, before = latest.current?.state) => {
    latest.current = next;
    setBefore(before);
    setNow(next);
  };

  /** Long work of a session, which does one at a time; stepping goes on meanwhile. Undefined if another test was opened. */
  const work = <T,>(id: string, kind: string, request: object = {}): Promise<T | undefined> => {
    if (works.current.id !== id) works.current = { id, last: Promise.resolve() };
    const turn = works.current.last.then(async () => {
      if (session.current !== id) return undefined;
      working.current.add(id);
      try {
        await ask(kind, { session: id, ...request });
        const done = await finished(id, (r) => session.current === id && setReport(r));
        return session.current === id ? done.result as T : undefined;
      } finally {
        working.current.delete(id);
        if (session.current !== id) ask("close", { session: id }).catch(() => {});
      }
    });
    works.current.last = turn.catch(() => {});
    return turn;
  };
  const search = async (id: string): Promise<void> => {
    const done = await work<Found>(id, "search");
    if (!done) return;
    complete.current = done.complete ? id : "";
    setFound(done);
  };
  // Who asks again waits for the search that runs.
  const searchNow = (id: string): Promise<void> => {
    if (running.current?.id !== id) {
      const result = search(id).finally(() => { if (running.current?.result === result) running.current = undefined; });
      running.current = { id, result };
    }
    return running.current.result;
  };

  const [opening, setOpening] = useState(0);
  const open = (link: Link) => {
    setOpening((n) => n + 1);
    return inTurn(() => load(link)).finally(() => setOpening((n) => n - 1));
  };
  const load = async (link: Link) => {
    const old = session.current;
    const o = await ask<Opened>("open", { ...link });
    session.current = o.session;
    // A session that still searches is closed when its search has ended.
    if (old) ask(working.current.has(old) ? "cancel" : "close", { session: old }).catch(() => {});
    setProblems([]); setFound(undefined); setWhy(undefined); setRows([]); setCombinations({ vary: [], rows: [] }); setReport(undefined);
    setOpened(o); setBefore(undefined); setNow(o.now); latest.current = o.now; setText(link.text); setFile(link.file);
    document.title = `${o.title} - Isobar`;
    // Not waited for: stepping goes on meanwhile.
    searchNow(o.session).catch(tell);
  };
  const reopen = (change: Partial<Link>) => open({ text, file, variant: opened?.variant ?? "", change: opened?.change ?? "", settings: opened?.settings, steps: [], ...change });

  const command = (line: string) => inTurn(async () => show(await ask<Now>("command", { session: session.current, line })));

  const move = (by: 1 | -1) => inTurn(async () => {
    const { state, choices } = latest.current!;
    if (by < 0 && state.position === 0) return;
    if (by > 0 && state.position === state.length && choices.length === 0) return;
    const line = by < 0 ? "undo" : state.position < state.length ? "redo" : "step 1";
    show(await ask<Now>("command", { session: session.current, line }));
  });

  const follow = (n: number) => inTurn(async () => {
    const start = await ask<Now>("command", { session: session.current, line: `follow ${n}` });
    show(start, start.state);  // another run: nothing has changed yet
  });

  const idle = () => report?.running !== true;
  const explain = (outcome: string) => work<Why>(session.current, "explain", { outcome }).then((w) => w && setWhy(w), tell);
  const compare = (groups: string[]) => work<{ rows: Row[] }>(session.current, "matrix", { groups }).then((m) => m && setRows(m.rows), tell);
  const combine = (vary: string[], settings: Record<string, string>) =>
    work<{ rows: Combination[] }>(session.current, "combinations", { vary, settings }).then((m) => m && setCombinations({ vary, rows: m.rows }), tell);
  const cancel = () => { ask("cancel", { session: session.current }).catch(() => {}); };
  const check = async (outcome: string): Promise<boolean | null> => {
    await queue.current;  // a test that is being opened
    const id = session.current;
    if (complete.current !== id) await searchNow(id);
    const answer = await work<Why>(id, "explain", { outcome });
    if (!answer) return null;
    setWhy(answer);
    return answer.allowed;
  };

  const choose = (n: number) => {
    const e = examples[n];
    setChosen(n);
    return open({ text: e.text, file: e.file, variant: e.lesson?.variant ?? "", change: "", steps: [] });
  };

  const [link, setLink] = useState("");
  const here = (): Link => ({ text, file, variant: opened?.variant ?? "", change: opened?.change ?? "", settings: opened?.settings, steps: now?.steps.slice(0, now.state.position) ?? [] });
  const share = () => inTurn(async () => {
    const hash = await encodeLink(here());
    history.replaceState(null, "", hash);
    setLink(location.href);
    await navigator.clipboard?.writeText(location.href).catch(() => {});
  });
  const save = () => inTurn(async () => {
    const { page } = await ask<{ page: string }>("page", { ...here(), steps: now!.steps, lesson: examples[chosen]?.lesson });
    const a = document.createElement("a");
    a.href = URL.createObjectURL(new Blob([page], { type: "text/html" }));
    a.download = `${opened!.name.replace(/[^\w.+-]+/g, "_")}.html`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
  });

  useEffect(() => {
    inTurn(async () => {
      const { examples: all } = await ask<{ examples: Example[] }>("examples", {});
      setExamples(all);
      let linked: Link | null = null;
      try {
        linked = await decodeLink(location.hash);
      } catch {
        setMessage("The link is damaged; this is the first test instead.");
      }
      const first = all[0];
      if (linked) { setChosen(-1); open(linked); }
      else if (exported) { open(exported.link); command("jump start"); }
      else if (first) open({ text: first.text, file: first.file, variant: first.lesson?.variant ?? "", change: "", steps: [] });
    });
  }, []);

  const lesson = examples[chosen]?.lesson;
  const position = now?.state.position ?? 0, length = now?.state.length ?? 0;
  return (
    <main aria-busy={opening > 0}>
      <header>
        <h1>Isobar</h1>
        <label>Test <select aria-label="Test to step through" value={chosen} onChange={(e) => choose(Number(e.currentTarget.value))}>
          {chosen < 0 && <option value={-1}>from the link</option>}
          {examples.map((e, n) => <option key={n} value={n}>{e.lesson ? `Lesson ${e.lesson.number}: ${e.lesson.title}` : e.name}</option>)}
        </select></label>
        {opened && opened.variants.length > 1 && (
          <label>Machine <select aria-label="Machine" value={opened.variant} onChange={(e) => reopen({ variant: e.currentTarget.value, change: "", settings: {} })}>
            {opened.variants.map((v) => <option key={v}>{v}</option>)}
          </select></label>
        )}
        {opened && opened.changes.length > 0 && (
          <label>Change <select aria-label="Change" value={opened.change} onChange={(e) => reopen({ change: e.currentTarget.value })}>
            <option value="">none</option>
            {kGroups.map(([g, title]) => {
              const all = opened.changes.filter((c) => c.group === g);
              return all.length > 0 && <optgroup key={g} label={title}>{all.map((c) => <option key={c.what}>{c.what}</option>)}</optgroup>;
            })}
          </select></label>
        )}
        {opened && Object.entries(opened.settings).map(([what, value]) => (
          <button key={what} type="button" class="badge on" title="Take it back" aria-label={`Take back ${what}: ${value}`}
            onClick={() => reopen({ change: "", settings: Object.fromEntries(Object.entries(opened.settings).filter(([w]) => w !== what)) })}>{what}: {value} ✕</button>
        ))}
        <button type="button" onClick={share} disabled={!now}>Link</button>
        {!exported && <button type="button" onClick={save} disabled={!now} title="One HTML file that works without a server">Export</button>}
      </header>
      {link && <p class="link"><label>Link to this state <input readOnly value={link} onFocus={(e) => e.currentTarget.select()} /></label> <button type="button" onClick={() => setLink("")}>Close</button></p>}
      {message && <p class="error" role="alert">{message}</p>}
      {lesson && opened && <LessonPanel key={lesson.number} lesson={lesson} check={check} busy={!idle()} next={chosen + 1 < examples.length ? () => choose(chosen + 1) : undefined} />}
      {now && opened && (
        <>
          <Walk position={position} length={length} go={(to) => command(`jump ${to}`)} move={move} choose={(n) => command(`step ${n}`)} choices={now.choices.length} />
          <p class="told" role="status"><strong>{now.state.outcome ? `Finished: ${now.state.outcome}` : now.state.status}</strong> {now.told} <Changes all={now.changes ?? []} /></p>
          <div class="columns">
            <section class="panel" aria-label="What can happen"><h2>What can happen</h2>
              <Choices choices={now.choices} cores={opened.cores} take={(n) => command(`step ${n}`)} status={now.state.status} />
              <div class="walk"><button type="button" onClick={() => command("auto random " + Math.floor(Math.random() * 1e6))}>Random run to the end</button></div>
            </section>
            <section class="panel" aria-label="What waits"><h2>What waits</h2><Waiting state={now.state} /></section>
          </div>
          <Machine state={now.state} before={before} />
          <div class="columns">
            <section class="panel" aria-label="Execution graph"><h2>Execution graph</h2><GraphView graph={now.graph} cores={opened.cores} /></section>
            <section class="panel" aria-label="Outcomes"><h2>Outcomes</h2>
              <Outcomes found={found} report={report} why={why} opened={opened} current={now.state.outcome}
                follow={follow} explain={explain}
                search={() => searchNow(session.current).catch(tell)}
                cancel={cancel} />
            </section>
          </div>
          <section class="panel" aria-label="Compare"><h2>Compare machines and programs</h2>
            <Compare key={opened.session} opened={opened} report={report} rows={rows} combinations={combinations.rows} vary={combinations.vary} compare={compare} combine={combine}
              openChange={(what) => reopen({ change: what })} openSettings={(settings) => reopen({ settings, change: "" })} cancel={cancel} />
          </section>
        </>
      )}
      <Editor text={text} file={file} problems={problems} open={(t, f) => open({ text: t, file: f, variant: "", change: "", steps: [] })} />
      <footer class="quiet">Keys: ← p undo, → n step, 1 to 9 choose, Home and End, space plays.</footer>
    </main>
  );
}
