import type { Found, Opened, Report, Row, Why } from "./api";

/** Combinations of values that were seen one by one but never together: at most `most`. */
export function unseen(found: Found, most = 16): string[] {
  const items = found.outcomes.map((o) => o.state.split(";").map((s) => s.trim()).filter(Boolean));
  if (items.length === 0 || items.some((i) => i.length !== items[0].length)) return [];
  const seen = new Set(items.map((i) => i.join("; ")));
  let all: string[][] = [[]];
  for (let n = 0; n < items[0].length; ++n) {
    const values = [...new Set(items.map((i) => i[n]))].sort();
    all = all.flatMap((head) => values.map((v) => [...head, v]));
    if (all.length > 512) return [];
  }
  return all.map((i) => i.join("; ")).filter((s) => !seen.has(s)).slice(0, most);
}

interface Props {
  found?: Found; report?: Report; why?: Why; opened: Opened; current: string;
  follow: (n: number) => void; explain: (outcome: string) => void; search: () => void; cancel: () => void;
}

export function Outcomes({ found, report, why, opened, current, follow, explain, search, cancel }: Props) {
  const busy = report?.running;
  return (
    <>
      {busy && (
        <div class="progress" role="status">
          <progress max="1" value={report.kind === "search" ? report.done : undefined} aria-label="Progress" /> {report.kind}: {report.states.toLocaleString("en")} states {report.note}
          <button type="button" onClick={cancel}>Cancel</button>
        </div>
      )}
      {!busy && !found?.complete && <button type="button" onClick={search}>Search for all outcomes</button>}
      {found && (
        <div class="scroll" role="group" aria-label="List of outcomes" tabIndex={0}><table>
          <caption>{found.outcomes.length} outcomes{found.complete ? "" : `, perhaps more: ${found.reason}`}</caption>
          <thead><tr><th scope="col">Final state</th><th scope="col">Possible</th><th scope="col">See</th></tr></thead>
          <tbody>
            {found.outcomes.map((o, n) => (
              <tr key={o.state} class={o.state === current ? "here" : ""}>
                <td><code>{o.state}</code>{o.condition && <span class="badge">condition</span>}</td>
                <td class="yes">yes</td>
                <td><button type="button" onClick={() => follow(n + 1)} aria-label={`Show a run to ${o.state}`}>Run</button></td>
              </tr>
            ))}
            {found.complete && unseen(found).map((s) => (
              <tr key={s}>
                <td><code>{s};</code></td><td class="no">no</td>
                <td><button type="button" disabled={busy} onClick={() => explain(s)} aria-label={`Why is ${s} not possible`}>Why</button></td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      {why && (
        <div class="why" role="status">
          <h3>{why.allowed ? "Possible" : why.allowed === null ? "Not known" : "Forbidden"}: <code>{why.goal}</code></h3>
          {why.headline && <p>{why.headline}</p>}
          {why.reason && <p>{why.reason}</p>}
          <ol class="cycle">
            {why.cycle?.map((s, n) => (
              <li key={n}><code>{s.from}</code><br />{s.relation} <code>{s.to}</code>
                <small>{s.clause}{s.by && `; the barrier is ${s.by}`}</small></li>
            ))}
          </ol>
        </div>
      )}
      <h3>What the test says</h3>
      <ul class="expectations">
        {opened.expectations.map((e, n) => <li key={n}><strong>{e.expect}</strong> <code>{e.condition}</code>{e.why && <small>{e.why}</small>}</li>)}
      </ul>
    </>
  );
}

/** Outcomes of the changed tests: a row each, a column for each final state. */
export function Matrix({ rows, open }: { rows: Row[]; open: (what: string) => void }) {
  const states = [...new Set(rows.flatMap((r) => r.outcomes.map((o) => o.state)))].sort();
  const base = new Set(rows[0]?.outcomes.map((o) => o.state));
  return (
    <div class="scroll" role="group" aria-label="Outcomes of the changes" tabIndex={0}>
      <table class="matrix">
        <thead><tr><th scope="col">Machine and program</th>{states.map((s) => <th key={s} scope="col"><code>{s}</code></th>)}</tr></thead>
        <tbody>
          {rows.map((r) => {
            const seen = new Set(r.outcomes.map((o) => o.state));
            return (
              <tr key={r.group + r.what}>
                <th scope="row">{r.group === "base" ? r.what : <button type="button" onClick={() => open(r.what)}>{r.what}</button>}{!r.complete && <small>not complete</small>}</th>
                {states.map((s) => {
                  const yes = seen.has(s), differs = yes !== base.has(s);
                  return <td key={s} class={(yes ? "yes" : "no") + (differs ? " changed" : "")}>{yes ? "yes" : "no"}</td>;
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
