import { useState } from "preact/hooks";
import type { Lesson } from "./api";

interface Props { lesson: Lesson; check: (outcome: string) => Promise<boolean | null>; busy: boolean; next?: () => void }

/** What a lesson says and asks. The answer is what a search finds. */
export function LessonPanel({ lesson, check, busy, next }: Props) {
  const [verdict, setVerdict] = useState("");
  const answer = async (yes: boolean) => {
    setVerdict("Searching …");
    try {
      const allowed = await check(lesson.outcome);
      if (allowed === null) setVerdict("The search was not complete, so nobody knows.");
      else setVerdict(`${allowed === yes ? "Right" : "No"}: a search of all runs ${allowed ? "finds" : "does not find"} it.`);
    } catch (e) {
      setVerdict(e instanceof Error ? e.message : String(e));
    }
  };
  return (
    <section class="panel lesson" aria-label={`Lesson ${lesson.number}`}>
      <h2>Lesson {lesson.number}: {lesson.title}</h2>
      {lesson.text.trim().split(/\n\s*\n/).map((p) => <p key={p}>{p}</p>)}
      <h3>Try</h3>
      <ul>{lesson.try.map((t) => <li key={t}>{t}</li>)}</ul>
      <p><strong>{lesson.question}</strong></p>
      <div class="walk">
        <button type="button" disabled={busy} onClick={() => answer(true)}>Yes</button>
        <button type="button" disabled={busy} onClick={() => answer(false)}>No</button>
        <span role="status" class="verdict">{verdict}</span>
        {next && <button type="button" onClick={next}>Next lesson</button>}
      </div>
    </section>
  );
}
