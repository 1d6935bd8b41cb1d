import { useEffect, useRef, useState } from "preact/hooks";
import { ask, decodeLink, encodeLink, finished, Refused } from "./api";
import type { Diagnostic, Example, Found, Link, Now, Opened, Recording, Report, Row, State, Why } from "./api";
import { Editor } from "./editor";
import { GraphView } from "./graph";
import { LessonPanel } from "./lesson";
import { Choices, Machine, Waiting } from "./machine";
import { Matrix, Outcomes } from "./outcomes";
import { Walk } from "./walk";

const kGroups: [string, string][] = [["tso", "TSO per core"], ["weaker", "barriers and annotations taken away"], ["machine", "IDC and DIC"], ["stronger", "barriers and annotations added"]];

export function App() {
  const [examples, setExamples] = useState<Example[]>([]);
  const [chosen, setChosen] = useState(0);
  const [text, setText] = useState(""), [file, setFile] = useState("test.yaml");
  const [opened, setOpened] = useState<Opened>(), [now, setNow] = useState<Now>(), [before, setBefore] = useState<State>();
  const [found, setFound] = useState<Found>(), [why, setWhy] = useState<Why>(), [rows, setRows] = useState<Row[]>([]);
  const [report, setReport] = useState<Report>(), [groups, setGroups] = useState(["tso", "weaker", "machine"]);
  const [problems, setProblems] = useState<Diagnostic[]>([]), [message, setMessage] = useState("");
  const session = useRef(""), searching = useRef(new Set<string>());
  const complete = useRef("");  // the session whose outcomes are all known
  const running = useRef<{ id: string; result: Promise<Found | undefined> } | undefined>(undefined);
  const queue = useRef(Promise.resolve());

  /** One request after the other, so that fast keys do not overtake each other. */
  const inTurn = (work: () => Promise<void>) => {
    queue.current = queue.current.then(async () => {
      try {
        setMessage("");
        await work();
      } catch (e) {
        setMessage(e instanceof Refused ? e.message : "The server does not answer. Is 'isobar serve' still running?");
        if (e instanceof Refused) setProblems(e.diagnostics);
      }
    });
    return queue.current;
  };

  const latest = useRef<Now | undefined>(undefined);
  const show = (next: Now) => {
    latest.current = next;
    setNow((old) => {
      setBefore(old?.state);
      return next;
    });
  };

  // At most one search of a session at a time: who asks again waits for the one that runs.
  const search = async (id: string): Promise<Found | undefined> => {
    searching.current.add(id);
    try {
      await ask("search", { session: id });
      const done = await finished(id, (r) => session.current === id && setReport(r));
      if (session.current !== id) return undefined;
      complete.current = (done.result as Found).complete ? id : "";
      setFound(done.result as Found);
      return done.result as Found;
    } finally {
      searching.current.delete(id);
      if (running.current?.id === id) running.current = undefined;
      if (session.current !== id) ask("close", { session: id }).catch(() => {});
    }
  };
  const searchNow = (id: string): Promise<Found | undefined> => {
    if (running.current?.id !== id) running.current = { id, result: search(id) };
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
    if (old) ask(searching.current.has(old) ? "cancel" : "close", { session: old }).catch(() => {});
    setProblems([]); setFound(undefined); setWhy(undefined); setRows([]); setReport(undefined);
    setOpened(o); setBefore(undefined); setNow(o.now); latest.current = o.now; setText(link.text); setFile(link.file);
    document.title = `${o.title} - Isobar`;
    // Not waited for: stepping goes on meanwhile.
    searchNow(o.session).catch((e) => setMessage(e instanceof Error ? e.message : String(e)));
  };
  const reopen = (change: Partial<Link>) => open({ text, file, variant: opened?.variant ?? "", change: opened?.change ?? "", steps: [], ...change });

  const command = (line: string) => inTurn(async () => show(await ask<Now>("command", { session: session.current, line })));

  const move = (by: 1 | -1) => inTurn(async () => {
    const { state, choices } = latest.current!;
    if (by < 0 && state.position === 0) return;
    if (by > 0 && state.position === state.length && choices.length === 0) return;
    const line = by < 0 ? "undo" : state.position < state.length ? "redo" : "step 1";
    show(await ask<Now>("command", { session: session.current, line }));
  });

  const follow = (n: number) => inTurn(async () => {
    await ask<Now>("command", { session: session.current, line: `follow ${n}` });
    show(await ask<Now>("command", { session: session.current, line: "jump start" }));
  });

  const idle = () => report?.running !== true;
  const explain = (outcome: string) => inTurn(async () => {
    const id = session.current;
    await ask("explain", { session: id, outcome });
    setWhy((await finished(id, setReport)).result as Why);
  });
  const compare = () => inTurn(async () => {
    const id = session.current;
    await ask("matrix", { session: id, groups });
    const done = (await finished(id, setReport)).result as { rows: Row[] };
    setRows(done.rows);
  });
  const check = async (outcome: string): Promise<boolean | null> => {
    await queue.current;  // a test that is being opened
    const id = session.current;
    if (complete.current !== id) await searchNow(id);
    await ask("explain", { session: id, outcome });
    const answer = (await finished(id, setReport)).result as Why;
    setWhy(answer);
    return answer.allowed;
  };

  const choose = (n: number) => {
    const e = examples[n];
    setChosen(n);
    return open({ text: e.text, file: e.file, variant: e.lesson?.variant ?? "", change: "", steps: [] });
  };

  const [link, setLink] = useState("");
  const share = () => inTurn(async () => {
    const hash = await encodeLink({ text, file, variant: opened?.variant ?? "", change: opened?.change ?? "", steps: now?.steps.slice(0, now.state.position) ?? [] });
    history.replaceState(null, "", hash);
    setLink(location.href);
    await navigator.clipboard?.writeText(location.href).catch(() => {});
  });
  const save = () => inTurn(async () => {
    const run = await ask<{ position: number; states: Now[] }>("record", { session: session.current });
    const recording: Recording = { title: opened!.title, cores: opened!.cores, position: 0, states: run.states };
    const page = await (await fetch("/")).text();
    const data = JSON.stringify(recording).replaceAll("<", "\\u003c");
    const at = page.indexOf("<head>") + "<head>".length;
    const whole = `${page.slice(0, at)}<script>window.ISOBAR_RECORDING=${data}</script>${page.slice(at)}`;
    const a = document.createElement("a");
    a.href = URL.createObjectURL(new Blob([whole], { type: "text/html" }));
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
          <label>Machine <select aria-label="Machine" value={opened.variant} onChange={(e) => reopen({ variant: e.currentTarget.value, change: "" })}>
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
        <button type="button" onClick={share} disabled={!now}>Link</button>
        <button type="button" onClick={save} disabled={!now || length === 0} title="One HTML file that shows this run without a server">Export</button>
      </header>
      {link && <p class="link"><label>Link to this state <input readOnly value={link} onFocus={(e) => e.currentTarget.select()} /></label> <button type="button" onClick={() => setLink("")}>Close</button></p>}
      {message && <p class="error" role="alert">{message}</p>}
      {lesson && opened && <LessonPanel key={lesson.number} lesson={lesson} check={check} busy={!idle()} next={chosen + 1 < examples.length ? () => choose(chosen + 1) : undefined} />}
      {now && opened && (
        <>
          <Walk position={position} length={length} go={(to) => command(`jump ${to}`)} move={move} choose={(n) => command(`step ${n}`)} choices={now.choices.length} />
          <p class="told" role="status"><strong>{now.state.outcome ? `Finished: ${now.state.outcome}` : now.state.status}</strong> {now.changes?.length ? now.changes.join(" · ") : ""}</p>
          <div class="columns">
            <section class="panel" aria-label="What can happen"><h3>What can happen</h3>
              <Choices choices={now.choices} cores={opened.cores} take={(n) => command(`step ${n}`)} status={now.state.status} />
              <div class="walk"><button type="button" onClick={() => command("auto random " + Math.floor(Math.random() * 1e6))}>Random run to the end</button></div>
            </section>
            <section class="panel" aria-label="What waits"><h3>What waits</h3><Waiting state={now.state} /></section>
          </div>
          <Machine state={now.state} before={before} />
          <div class="columns">
            <section class="panel" aria-label="Execution graph"><h3>Execution graph</h3><GraphView graph={now.graph} cores={opened.cores} /></section>
            <section class="panel" aria-label="Outcomes"><h3>Outcomes</h3>
              <Outcomes found={found} report={report} why={why} opened={opened} current={now.state.outcome}
                follow={follow} explain={explain}
                search={() => inTurn(async () => { await searchNow(session.current); })}
                cancel={() => ask("cancel", { session: session.current }).catch(() => {})} />
            </section>
          </div>
          <section class="panel" aria-label="Compare"><h3>Compare machines and programs</h3>
            <fieldset><legend>One change at a time:</legend>
              {kGroups.map(([g, title]) => (
                <label key={g}><input type="checkbox" checked={groups.includes(g)} onChange={() => setGroups(groups.includes(g) ? groups.filter((x) => x !== g) : [...groups, g])} /> {title}</label>
              ))}
              <button type="button" onClick={compare} disabled={!idle()}>Compare</button>
            </fieldset>
            {rows.length > 0 && <Matrix rows={rows} open={(what) => reopen({ change: what })} />}
          </section>
        </>
      )}
      <Editor text={text} file={file} problems={problems} open={(t, f) => open({ text: t, file: f, variant: "", change: "", steps: [] })} />
      <footer class="quiet">Keys: ← p undo, → n step, 1 to 9 choose, Home and End, space plays.</footer>
    </main>
  );
}
