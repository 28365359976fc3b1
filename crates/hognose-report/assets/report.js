"use strict";
// The page is complete without this script: it only hides what does not match.
(() => {
  const form = document.querySelector("form");
  const count = document.querySelector("#count");
  const findings = [...document.querySelectorAll(".finding")].map((element) => ({
    element,
    severity: element.dataset.severity,
    standing: element.dataset.standing,
    text: (element.textContent + " " + element.closest(".package").querySelector("summary").textContent).toLowerCase(),
  }));
  const packages = [...document.querySelectorAll(".package")];
  const apply = () => {
    const data = new FormData(form);
    const words = String(data.get("search")).toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(data.getAll("severity"));
    const standings = new Set(data.getAll("standing"));
    let shown = 0;
    for (const finding of findings) {
      const visible = severities.has(finding.severity) && standings.has(finding.standing)
        && words.every((word) => finding.text.includes(word));
      finding.element.hidden = !visible;
      shown += visible ? 1 : 0;
    }
    for (const element of packages) {
      element.hidden = !element.querySelector(".finding:not([hidden])");
    }
    count.textContent = `${shown} of ${findings.length} shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  document.documentElement.classList.add("scripted");
  apply();
})();
