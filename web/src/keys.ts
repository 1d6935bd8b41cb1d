import { useEffect } from "preact/hooks";

/** Calls what belongs to a key, unless something is being typed. */
export function useKeys(keys: Record<string, () => void>) {
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
      if (e.key === " " && /^(BUTTON|SUMMARY|A)$/.test(at.tagName)) return;
      const action = keys[e.key];
      if (!action) return;
      e.preventDefault();
      action();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
}
