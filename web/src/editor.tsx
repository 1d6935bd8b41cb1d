import { useEffect, useRef, useState } from "preact/hooks";
import type { Diagnostic } from "./api";

interface Props { text: string; file: string; problems: Diagnostic[]; open: (text: string, file: string) => void }

/** The test as text. Errors are marked at their line. */
export function Editor({ text, file, problems, open }: Props) {
  const [draft, setDraft] = useState(text), [litmus, setLitmus] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null), numbers = useRef<HTMLPreElement>(null);
  useEffect(() => { setDraft(text); setLitmus(file.endsWith(".litmus")); }, [text, file]);
  const bad = new Set(problems.map((p) => p.line));
  const goTo = (p: Diagnostic) => {
    const lines = draft.split("\n").slice(0, Math.max(0, p.line - 1));
    const at = lines.reduce((n, l) => n + l.length + 1, 0) + Math.max(0, p.column - 1);
    area.current?.focus();
    area.current?.setSelectionRange(at, at + 1);
  };
  const run = () => open(draft, litmus ? "test.litmus" : "test.yaml");
  return (
    <details class="panel" open={problems.length > 0}>
      <summary><h3>The test as text</h3></summary>
      <div class="editor">
        <pre ref={numbers} aria-hidden="true">{draft.split("\n").map((_, n) => <span key={n} class={bad.has(n + 1) ? "bad" : ""}>{n + 1}{"\n"}</span>)}</pre>
        <textarea ref={area} aria-label="Test" spellcheck={false} wrap="off" value={draft} aria-invalid={problems.length > 0}
          onInput={(e) => setDraft(e.currentTarget.value)} onScroll={(e) => { if (numbers.current) numbers.current.scrollTop = e.currentTarget.scrollTop; }}
          onKeyDown={(e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) run(); }} />
      </div>
      {problems.length > 0 && (
        <ul class="problems" aria-label="Errors">
          {problems.map((p, n) => <li key={n}><button type="button" onClick={() => goTo(p)}>{p.line > 0 && `line ${p.line}${p.column > 0 ? `, column ${p.column}` : ""}: `}{p.message}</button></li>)}
        </ul>
      )}
      <div class="walk">
        <button type="button" onClick={run} title="Ctrl-Enter">Open the changed test</button>
        <label><input type="checkbox" checked={litmus} onChange={() => setLitmus(!litmus)} /> litmus format</label>
      </div>
    </details>
  );
}
