import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ask } from "./api";
import type { Diagnostic } from "./api";
import { completions, placeAt } from "./complete";
import type { Completion, Schema } from "./complete";

interface Props { text: string; file: string; problems: Diagnostic[]; open: (text: string, file: string) => void }

/** The test as text. Errors are marked at their line; keys and values of scenarios are completed from the schema. */
export function Editor({ text, file, problems, open }: Props) {
  const [draft, setDraft] = useState(text), [litmus, setLitmus] = useState(false);
  const [schema, setSchema] = useState<Schema>(), [caret, setCaret] = useState(-1), [chosen, setChosen] = useState(0);
  const area = useRef<HTMLTextAreaElement>(null), numbers = useRef<HTMLPreElement>(null);
  useEffect(() => { setDraft(text); setLitmus(file.endsWith(".litmus")); setCaret(-1); }, [text, file]);
  const load = () => {
    if (!schema) ask<{ schema: Schema }>("schema", {}).then((a) => setSchema(a.schema)).catch(() => {});
  };
  const place = useMemo(() => (caret >= 0 ? placeAt(draft, caret) : undefined), [draft, caret]);
  const list: Completion[] = useMemo(() => (schema && place && !litmus ? completions(schema, place) : []), [schema, place, litmus]);
  const bad = new Set(problems.map((p) => p.line));
  const goTo = (p: Diagnostic) => {
    const lines = draft.split("\n").slice(0, Math.max(0, p.line - 1));
    const at = lines.reduce((n, l) => n + l.length + 1, 0) + Math.max(0, p.column - 1);
    area.current?.focus();
    area.current?.setSelectionRange(at, at + 1);
  };
  const run = () => open(draft, litmus ? "test.litmus" : "test.yaml");
  const suggest = (at: number) => { setCaret(at); setChosen(0); };
  const accept = (c: Completion) => {
    const word = place!.code ? /[A-Za-z.]*$/.exec(place!.word)![0] : place!.word;
    const begin = caret - word.length, end = begin + c.insert.length;
    setDraft(draft.slice(0, begin) + c.insert + draft.slice(caret));
    setCaret(-1);
    requestAnimationFrame(() => { area.current?.focus(); area.current?.setSelectionRange(end, end); });
  };
  const typed = (e: KeyboardEvent) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { run(); return; }
    if (e.key === " " && e.ctrlKey) { e.preventDefault(); suggest(area.current!.selectionStart); return; }
    if (list.length === 0) return;
    if (e.key === "Escape") setCaret(-1);
    else if (e.key === "ArrowDown") setChosen((chosen + 1) % list.length);
    else if (e.key === "ArrowUp") setChosen((chosen + list.length - 1) % list.length);
    else if (e.key === "Enter" || e.key === "Tab") accept(list[chosen]);
    else return;
    e.preventDefault();
  };
  return (
    <details class="panel" open={problems.length > 0} onToggle={load}>
      <summary><h2>The test as text</h2></summary>
      <div class="editor">
        <pre ref={numbers} aria-hidden="true">{draft.split("\n").map((_, n) => <span key={n} class={bad.has(n + 1) ? "bad" : ""}>{n + 1}{"\n"}</span>)}</pre>
        <textarea ref={area} aria-label="Test" spellcheck={false} wrap="off" value={draft} aria-invalid={problems.length > 0}
          aria-autocomplete="list" aria-controls="completions" aria-activedescendant={list.length > 0 ? `completion-${chosen}` : undefined}
          onInput={(e) => {
            const now = e.currentTarget, added = now.value.length === draft.length + 1;
            setDraft(now.value);
            suggest(added && /[\w.]/.test(now.value[now.selectionStart - 1] ?? "") ? now.selectionStart : -1);
          }}
          onBlur={() => setCaret(-1)} onClick={() => setCaret(-1)}
          onScroll={(e) => { if (numbers.current) numbers.current.scrollTop = e.currentTarget.scrollTop; }}
          onKeyDown={typed} />
      </div>
      <ul id="completions" class="completions" role="listbox" aria-label="Completions" hidden={list.length === 0}>
        {list.map((c, n) => (
          <li key={c.text} id={`completion-${n}`} role="option" aria-selected={n === chosen} onMouseDown={(e) => { e.preventDefault(); accept(c); }}
            ref={(li) => { if (n === chosen) li?.scrollIntoView({ block: "nearest" }); }}>
            <code>{c.text}</code> <span class="quiet">{c.description}</span>
          </li>
        ))}
      </ul>
      {problems.length > 0 && (
        <ul class="problems" aria-label="Errors">
          {problems.map((p, n) => <li key={n}><button type="button" onClick={() => goTo(p)}>{p.line > 0 && `line ${p.line}${p.column > 0 ? `, column ${p.column}` : ""}: `}{p.message}</button></li>)}
        </ul>
      )}
      <div class="walk">
        <button type="button" onClick={run} title="Ctrl-Enter">Open the changed test</button>
        <label><input type="checkbox" checked={litmus} onChange={() => setLitmus(!litmus)} /> litmus format</label>
        <span class="quiet">Ctrl-Space completes keys, values and mnemonics.</span>
      </div>
    </details>
  );
}
