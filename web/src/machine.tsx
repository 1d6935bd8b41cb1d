import { useLayoutEffect, useRef } from "preact/hooks";
import type { Choice, Core, KernelObject, Line, Named, State } from "./api";

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

/** Cache lines with code that was written, a badge each. */
function Lines({ lines, before, old, fresh, label }: { lines: Line[]; before?: Line[]; old: string; fresh: string; label: string }) {
  return (
    <ul class="lines" aria-label={label}>
      {lines.map((l) => {
        const was = before?.find((o) => o.name === l.name);
        return (
          <li key={l.name} title={l.words.join(", ")} class={mark(String(l.old), was && String(was.old), before !== undefined)}>
            <code>{l.name}</code> <span class={"badge " + (l.old ? "warn" : "on")}>{l.old ? old : fresh}</span>
          </li>
        );
      })}
    </ul>
  );
}

function CorePanel({ core, before }: { core: Core; before?: Core }) {
  const old = new Set(before?.window.flatMap((i) => i.uops.map((u) => i.text + u.slot + u.status)));
  const seen = new Set(before?.window.flatMap((i) => i.uops.map((u) => i.text + u.status)));
  return (
    <section class="panel core" aria-label={`Core ${core.name}`}>
      <h2>{core.name}
        <span class="badges">
          <span class="badge">EL{core.el}</span>
          <span class={"badge " + (core.tso ? "on " : "") + mark(String(core.tso), String(before?.tso), !!before)}>TSO {core.tso ? "on" : "off"}</span>
          {core.masked && <span class="badge">IRQ masked</span>}
          {core.pending.map((n) => <span key={n} class="badge warn">pending interrupt {n}</span>)}
          {core.active.map((n) => <span key={n} class="badge">in interrupt {n}</span>)}
        </span>
      </h2>
      {core.interrupt && <p class="waits">the interrupt waits {core.interrupt}</p>}
      <h3>Window: fetched, not retired</h3>
      {core.window.length === 0 && <p class="quiet">empty</p>}
      <ol class="window">
        {core.window.map((i, n) => (
          <li key={n}>
            <code>{i.text}</code>{i.old && <span class="badge warn">older than memory</span>}
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
      <h3>Store buffer</h3>
      {core.store_buffer.length === 0 ? <p class="quiet">empty</p> : <Values values={core.store_buffer} before={before?.store_buffer} label="Store buffer" />}
      <h3>Registers</h3>
      {core.registers.length === 0 ? <p class="quiet">all zero</p> : <Values values={core.registers} before={before?.registers} label="Registers" />}
      {core.instruction_lines.length > 0 && (
        <>
          <h3>Instruction cache and fetch queue</h3>
          <Lines lines={core.instruction_lines} before={before?.instruction_lines} old="may be older than memory" fresh="as memory" label="Instruction cache" />
        </>
      )}
    </section>
  );
}

function Versions({ state, before }: { state: State; before?: State }) {
  if (state.versions.length === 0) return null;
  return (
    <>
      <h3>Code and descriptors that were written</h3>
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

/** Kernel objects of one kind, a row each. */
function Objects({ objects, before, title }: { objects: KernelObject[]; before?: KernelObject[]; title: string }) {
  if (objects.length === 0) return null;
  const used = objects[0].fields.map((f) => f.name).filter((_, n) => n === 0 || objects.some((o) => o.fields[n].value) || before?.some((o) => o.fields[n].value));
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={title}><table>
      <caption>{title}</caption>
      <thead><tr><th scope="col"><span class="hidden">name</span></th>{used.map((f) => <th key={f} scope="col">{f}</th>)}</tr></thead>
      <tbody>
        {objects.map((o, row) => (
          <tr key={o.name}><th scope="row">{o.name}</th>
            {o.fields.map((f, n) => used.includes(f.name) && <td key={f.name} class={mark(f.value, before?.[row]?.fields[n].value, before !== undefined)}>{f.value}</td>)}
          </tr>
        ))}
      </tbody>
    </table></div>
  );
}

function KernelPanel({ state, before }: { state: State; before?: State }) {
  const k = state.kernel, old = before?.kernel;
  if (!k) return null;
  return (
    <section class="panel" aria-label="Kernel">
      <h2>Kernel</h2>
      <Objects objects={k.run_queues} before={old?.run_queues} title="Run queues" />
      <Objects objects={k.threads} before={old?.threads} title="Threads" />
      <Objects objects={k.processes} before={old?.processes} title="Processes" />
    </section>
  );
}

export function Machine({ state, before }: { state: State; before?: State }) {
  return (
    <>
      <div class="cores">{state.cores.map((c, k) => <CorePanel key={k} core={c} before={before?.cores[k]} />)}</div>
      <section class="panel" aria-label="Memory">
        <h2>Memory</h2>
        <Values values={state.memory} before={before?.memory} label="Memory" />
        {state.data_lines.length > 0 && (
          <>
            <h3>Data caches, which agree on all cores</h3>
            <Lines lines={state.data_lines} before={before?.data_lines} old="newer than the point of unification" fresh="clean to the point of unification" label="Data caches" />
          </>
        )}
        <Versions state={state} before={before} />
      </section>
      <KernelPanel state={state} before={before} />
    </>
  );
}

export function Choices({ choices, cores, take, status }: { choices: Choice[]; cores: string[]; take?: (n: number) => void; status: string }) {
  const list = useRef<HTMLOListElement>(null), taken = useRef(false);
  // The button that was pressed may be gone: keep the keyboard here.
  useLayoutEffect(() => {
    if (taken.current && document.activeElement === document.body) (list.current?.querySelector("button") ?? document.querySelector<HTMLElement>("[role=toolbar] button:enabled"))?.focus();
    taken.current = false;
  }, [choices]);
  if (choices.length === 0) return <p class="quiet">Nothing can happen: {status}.</p>;
  return (
    <ol class="choices" ref={list}>
      {choices.map((c, n) => (
        <li key={n}>
          <button type="button" disabled={!take} onClick={(e) => { taken.current = document.activeElement === e.currentTarget; take?.(n + 1); }} class={c.dead ? "dead" : ""} data-core={cores[c.core]}>
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
    ...(c.interrupt ? [{ who: c.name, what: "pending interrupt", why: "waits " + c.interrupt }] : []),
    ...(c.fetch ? [{ who: c.name, what: "fetch", why: c.fetch }] : []),
  ]);
  if (rows.length === 0) return <p class="quiet">Nothing waits.</p>;
  return <ul class="waiting">{rows.map((r, n) => <li key={n}><strong>{r.who}</strong> <code>{r.what}</code><small>{r.why}</small></li>)}</ul>;
}
