import { useState } from "preact/hooks";
import type { Combination, Opened, Report, Row, Switch } from "./api";
import { Matrix } from "./outcomes";

export const kGroups: [string, string][] = [["tso", "TSO per core"], ["weaker", "barriers and annotations taken away"], ["machine", "IDC and DIC"], ["stronger", "barriers and annotations added"]];

/** As many as the server is asked for at once. */
const kMostCombinations = 256;
const kEach = "\u0000each";

interface Props {
  opened: Opened; report?: Report; rows: Row[]; combinations: Combination[]; vary: string[];
  compare: (groups: string[]) => void; combine: (vary: string[], settings: Record<string, string>) => void;
  openChange: (what: string) => void; openSettings: (settings: Record<string, string>) => void; cancel: () => void;
}

/** The same test with other machines and programs: single changes, or combinations of switches. */
export function Compare(p: Props) {
  const [groups, setGroups] = useState(["tso", "weaker", "machine"]);
  const [choice, setChoice] = useState<Record<string, string>>({});
  const { switches } = p.opened;
  const value = (s: Switch) => choice[s.what] ?? p.opened.settings[s.what] ?? "";
  const vary = switches.filter((s) => value(s) === kEach);
  const count = vary.reduce((n, s) => n * s.values.length, 1);
  const fixed = Object.fromEntries(switches.filter((s) => value(s) && value(s) !== kEach).map((s) => [s.what, value(s)]));
  const busy = p.report?.running === true;
  return (
    <>
      <fieldset><legend>One change at a time</legend>
        {kGroups.map(([g, title]) => (
          <label key={g}><input type="checkbox" checked={groups.includes(g)} onChange={() => setGroups(groups.includes(g) ? groups.filter((x) => x !== g) : [...groups, g])} /> {title}</label>
        ))}
        <button type="button" onClick={() => p.compare(groups)} disabled={busy}>Compare</button>
      </fieldset>
      {p.rows.length > 0 && <Matrix rows={p.rows} open={p.openChange} />}
      {switches.length > 0 && (
        <fieldset><legend>Combinations of switches</legend>
          {switches.map((s) => (
            <label key={s.what}>{s.what} <select aria-label={`Switch ${s.what}`} value={value(s)} onChange={(e) => setChoice({ ...choice, [s.what]: e.currentTarget.value })}>
              <option value="">leave</option>
              <option value={kEach}>try each</option>
              {s.values.map((v) => <option key={v} value={v}>{v}</option>)}
            </select></label>
          ))}
          <span class="walk">
            <button type="button" disabled={busy || vary.length === 0 || count > kMostCombinations} onClick={() => p.combine(vary.map((s) => s.what), fixed)}>Compare {vary.length > 0 ? count : ""} combinations</button>
            <button type="button" disabled={vary.length > 0} onClick={() => p.openSettings(fixed)}>Open with these</button>
            {count > kMostCombinations && <span class="no">at most {kMostCombinations}</span>}
          </span>
        </fieldset>
      )}
      {busy && (p.report!.kind === "matrix" || p.report!.kind === "combinations") && (
        <p class="progress" role="status">{p.report!.note}: {p.report!.states.toLocaleString("en")} states <button type="button" onClick={p.cancel}>Cancel the comparison</button></p>
      )}
      {p.combinations.length > 0 && <Combinations rows={p.combinations} vary={p.vary} open={p.openSettings} />}
    </>
  );
}

/** A row for each combination, a column for each switch that varies and each final state. */
function Combinations({ rows, vary, open }: { rows: Combination[]; vary: string[]; open: (settings: Record<string, string>) => void }) {
  const states = [...new Set(rows.flatMap((r) => r.outcomes.map((o) => o.state)))].sort();
  const base = new Set(rows[0].outcomes.map((o) => o.state));
  return (
    <div class="scroll" role="group" aria-label="Outcomes of the combinations" tabIndex={0}>
      <table class="combinations">
        <caption>{rows.length} combinations. Highlighted is what differs from the first.</caption>
        <thead><tr>{vary.map((s) => <th key={s} scope="col">{s}</th>)}{states.map((s) => <th key={s} scope="col"><code>{s}</code></th>)}<th scope="col">See</th></tr></thead>
        <tbody>
          {rows.map((r, n) => {
            const seen = new Set(r.outcomes.map((o) => o.state));
            return (
              <tr key={n}>
                {vary.map((s) => <td key={s}>{r.settings[s]}</td>)}
                {states.map((s) => {
                  const yes = seen.has(s), known = yes || r.complete;
                  return <td key={s} class={(yes ? "yes" : "no") + (known && yes !== base.has(s) ? " changed" : "")}>{yes ? "yes" : known ? "no" : "?"}</td>;
                })}
                <td><button type="button" onClick={() => open(r.settings)} aria-label={`Open ${vary.map((s) => `${s} ${r.settings[s]}`).join(", ")}`}>Open</button>{!r.complete && <small>{r.reason || "not complete"}</small>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
