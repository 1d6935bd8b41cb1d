import { render } from "preact";
import { answerFrom } from "./api";
import { App } from "./app";
import { localAnswers } from "./local";
import type { Exported } from "./local";
import { Player } from "./player";
import "./style.css";

declare global {
  interface Window { ISOBAR_EXPORT?: Exported | Pick<Exported, "recording"> }
}

const exported = window.ISOBAR_EXPORT, root = document.getElementById("app")!;

/** A page with a core steps and searches; where it does not run, the page shows what was recorded. */
async function start() {
  if (!exported) return render(<App />, root);
  if (!("core" in exported)) return render(<Player recording={exported.recording} />, root);
  try {
    answerFrom(await localAnswers(exported));
    render(<App exported={exported} />, root);
  } catch (e) {
    console.warn(e);
    render(<Player recording={exported.recording} />, root);
  }
}
start();
