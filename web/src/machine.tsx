import type { Choice, Core, Named, State } from "./api";

/** Marks what is different from the state before. */
function mark(now: string, before: string | undefined, had: boolean): string {
  return had && now !== before ? "changed" : "";
}

function Values({ values, before, label }: { values: Named[]; before?: Named[]; label: string }) {
  const old = new Map(before?.map((v) => [v.name, v.value]));
  return (
    <dl class="values" aria-label={label}>
      {values.map((v, n) => (
        <div key={v.name + n} class={mark(v.value, old.get(v.name), before !== undefined)}><dt>{v.name}</dt><dd>{v.value}</dd></div>
      ))}
    </dl>
  );
}

function CorePanel({ core, before }: { core: Core; before?: Core }) {
  const old = new Set(before?.window.flatMap((i) => i.uops.map((u) => i.text + u.slot + u.status)));
  const seen = new Set(before?.window.flatMap((i) => i.uops.map((u) => i.text + u.status)));
  return (
    <section class="panel core" aria-label={`Core ${core.name}`}>
      <h3>{core.name}
        <span class="badges">
          <span class="badge">EL{core.el}</span>
          <span class={"badge " + (core.tso ? "on " : "") + mark(String(core.tso), String(before?.tso), !!before)}>TSO {core.tso ? "on" : "off"}</span>
          {core.masked && <span class="badge">IRQ masked</span>}
          {core.pending.map((n) => <span key={n} class="badge warn">pending interrupt {n}</span>)}
          {core.active.map((n) => <span key={n} class="badge">in interrupt {n}</span>)}
        </span>
      </h3>
      <h4>Window</h4>
      {core.window.length === 0 && <p class="quiet">empty</p>}
      <ol class="window">
        {core.window.map((i, n) => (
          <li key={n}>
            <code>{i.text}</code>
            {i.uops.map((u) => (
              <div key={u.slot} class={"uop " + (u.done ? "done " : "") + (before && !old.has(i.text + u.slot + u.status) && !seen.has(i.text + u.status) ? "changed" : "")}>
                <span class="sign" aria-hidden="true">{u.done ? "✓" : "·"}</span>
                <span class="hidden">{u.done ? "done: " : "to do: "}</span>{u.status}
                {u.waits && <div class="waits">waits {u.waits}</div>}
              </div>
            ))}
          </li>
        ))}
      </ol>
      <p class="fetch">{core.next ? <>next: <code>{core.next}</code></> : null} {core.fetch && <span class="waits">{core.fetch}</span>}</p>
      <h4>Store buffer</h4>
      {core.store_buffer.length === 0 ? <p class="quiet">empty</p> : <Values values={core.store_buffer} before={before?.store_buffer} label="Store buffer" />}
      <h4>Registers</h4>
      {core.registers.length === 0 ? <p class="quiet">all zero</p> : <Values values={core.registers} before={before?.registers} label="Registers" />}
    </section>
  );
}

function Versions({ state, before }: { state: State; before?: State }) {
  if (state.versions.length === 0) return null;
  return (
    <>
      <h4>Code and descriptors that were written</h4>
      {state.versions.map((v) => {
        const old = before?.versions.find((o) => o.name === v.name);
        return (
          <div key={v.name} class="versions">
            <strong>{v.name}</strong>
            <ol>
              {v.versions.map((text, n) => (
                <li key={n} class={old && n >= old.versions.length ? "changed" : ""}><code>{text}</code>
                  {n === v.versions.length - 1 && <span class="badge">in memory</span>}
                  {n === v.cleaned && <span class={"badge on " + (old && old.cleaned !== v.cleaned ? "changed" : "")}>point of unification</span>}
                </li>
              ))}
            </ol>
            <Values values={v.obtainable.map((o) => ({ name: `${o.name} may fetch`, value: o.value }))}
              before={old?.obtainable.map((o) => ({ name: `${o.name} may fetch`, value: o.value }))} label={`What may be fetched of ${v.name}`} />
          </div>
        );
      })}
    </>
  );
}

export function Machine({ state, before }: { state: State; before?: State }) {
  return (
    <>
      <div class="cores">{state.cores.map((c, k) => <CorePanel key={k} core={c} before={before?.cores[k]} />)}</div>
      <section class="panel" aria-label="Memory">
        <h3>Memory</h3>
        <Values values={state.memory} before={before?.memory} label="Memory" />
        <Versions state={state} before={before} />
      </section>
    </>
  );
}

export function Choices({ choices, cores, take, status }: { choices: Choice[]; cores: string[]; take?: (n: number) => void; status: string }) {
  if (choices.length === 0) return <p class="quiet">Nothing can happen: {status}.</p>;
  return (
    <ol class="choices">
      {choices.map((c, n) => (
        <li key={n}>
          <button type="button" disabled={!take} onClick={() => take?.(n + 1)} class={c.dead ? "dead" : ""} data-core={cores[c.core]}>
            {n < 9 && <kbd aria-hidden="true">{n + 1}</kbd>}<span>{c.what}
              {c.notes.map((note) => <small key={note}>{note}</small>)}
              {c.dead && <small>leads nowhere: a guess turns out wrong, or an order is violated</small>}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** What cannot happen now, and why. */
export function Waiting({ state }: { state: State }) {
  const rows = state.cores.flatMap((c) => [
    ...c.window.flatMap((i) => i.uops.filter((u) => u.waits).map((u) => ({ who: c.name, what: i.text, why: "waits " + u.waits }))),
    ...(c.fetch ? [{ who: c.name, what: "fetch", why: c.fetch }] : []),
  ]);
  if (rows.length === 0) return <p class="quiet">Nothing waits.</p>;
  return <ul class="waiting">{rows.map((r, n) => <li key={n}><strong>{r.who}</strong> <code>{r.what}</code><small>{r.why}</small></li>)}</ul>;
}
