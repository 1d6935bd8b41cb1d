import { useEffect, useState } from "preact/hooks";
import { useKeys } from "./keys";

interface Props {
  position: number; length: number; choices: number;
  go: (to: number) => void;
  move: (by: 1 | -1) => void;  // from where the run is when its turn comes: keys may be faster than answers
  choose?: (n: number) => void;
}

/** Buttons, keys and a slider that go along a run. */
export function Walk({ position, length, choices, go, move, choose }: Props) {
  const [playing, setPlaying] = useState(false), [speed, setSpeed] = useState(2);
  const forward = () => move(1), back = () => move(-1);
  const more = position < length || (choose !== undefined && choices > 0);
  useEffect(() => {
    if (!playing) return;
    if (!more) { setPlaying(false); return; }
    const timer = setTimeout(forward, 1000 / speed);
    return () => clearTimeout(timer);
  });
  const keys: Record<string, () => void> = {
    ArrowRight: forward, n: forward, ArrowLeft: back, p: back,
    Home: () => go(0), End: () => go(length), " ": () => setPlaying(!playing),
  };
  if (choose) for (let n = 1; n <= Math.min(9, choices); ++n) keys[String(n)] = () => choose(n);
  useKeys(keys);
  return (
    <div class="walk" role="toolbar" aria-label="Go along the run">
      <button type="button" onClick={() => go(0)} disabled={position === 0} title="Home">Start</button>
      <button type="button" onClick={back} disabled={position === 0} title="Left arrow or p">Undo</button>
      <button type="button" onClick={() => setPlaying(!playing)} disabled={!more && !playing} title="Space" aria-pressed={playing}>{playing ? "Pause" : "Play"}</button>
      <button type="button" onClick={forward} disabled={!more} title="Right arrow or n">{position < length ? "Redo" : "Step"}</button>
      <button type="button" onClick={() => go(length)} disabled={position === length} title="End">End</button>
      <label>Step <input type="range" min="0" max={length} value={position} onInput={(e) => go(Number(e.currentTarget.value))} /> <output>{position} of {length}</output></label>
      <label>Speed <select value={speed} onChange={(e) => setSpeed(Number(e.currentTarget.value))}>
        {[0.5, 1, 2, 5, 10].map((s) => <option key={s} value={s}>{s} per second</option>)}
      </select></label>
    </div>
  );
}
