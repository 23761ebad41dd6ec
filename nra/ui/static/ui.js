"use strict";
// The page works without this script; it adds the search among regions, the live progress and the loading of run documents.
const byId = (id) => document.getElementById(id);
const base = document.body.dataset.base;

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function searchRegions() {
  const search = byId("region-search"), filter = byId("region-filter"), select = byId("region"), count = byId("region-count");
  if (!search) return;
  const groups = [...select.querySelectorAll("optgroup")].map((group) => ({ group, options: [...group.children] }));
  let chosen = select.value; // it may be filtered out for a while; typing alone never changes it
  const reveal = () => { // the browser does not where the list has just been laid out
    const option = select.selectedOptions[0];
    if (option) select.scrollTop += option.getBoundingClientRect().top - select.getBoundingClientRect().top - select.clientHeight / 2;
  };
  search.hidden = false;
  reveal();
  const say = () => { count.textContent = `chosen: ${select.selectedOptions[0].textContent.trim()}`; };
  select.addEventListener("change", () => { chosen = select.value; });
  select.addEventListener("keydown", (event) => { // the browser would send the form
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (select.value) say();
  });
  filter.addEventListener("input", () => {
    const words = folded(filter.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { group, options } of groups) {
      const those = options.filter((one) => words.every((word) => folded(`${group.label} ${one.textContent}`).includes(word)));
      group.replaceChildren(...those);
      group.hidden = !those.length;
      found += those.length;
    }
    select.value = chosen;
    reveal();
    const hint = found === 1 ? "1 found: Enter chooses it" : found ? `${found} found` : "none found: try the country, or the code";
    count.textContent = words.length ? hint : "";
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { select.focus(); event.preventDefault(); }
    if (event.key !== "Enter") return;
    event.preventDefault();
    const left = select.querySelectorAll("option");
    if (left.length !== 1 || !filter.value.trim()) return;
    select.value = chosen = left[0].value;
    say();
  });
}

function path(points, top, total) {
  let drawn = false;
  return points.map(({ at, value }) => {
    if (value === null) { drawn = false; return ""; }
    const place = `${(at / total * 320).toFixed(1)} ${(88 - value / top * 84).toFixed(1)}`;
    const step = `${drawn ? "L" : "M"}${place}`;
    drawn = true;
    return step;
  }).join("");
}

function follow() {
  const running = byId("running");
  if (!running) return;
  byId("look").hidden = true;
  const lives = [...document.querySelectorAll(".live")].map((figure) => ({
    key: figure.dataset.key, unit: figure.dataset.unit, points: [], line: figure.querySelector(".line"),
    now: figure.querySelector(".now"), top: figure.querySelector(".top"),
  }));
  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const draw = (live, pulses, total) => {
    live.points.push(...pulses.map((pulse) => ({ at: pulse.at_s, value: pulse[live.key] })));
    const values = live.points.map(({ value }) => value).filter((value) => value !== null);
    if (!values.length) return;
    const top = Math.max(live.unit === "%" ? 1 : 0.1, ...values), last = live.points[live.points.length - 1].value;
    const digits = live.unit === "%" ? 2 : 1;
    live.line.setAttribute("d", path(live.points, top, total));
    say(live.now, last === null ? "–" : `${last.toFixed(digits)} ${live.unit}`);
    say(live.top, `highest ${Math.max(...values).toFixed(digits)} ${live.unit}`);
  };

  const progress = (event) => {
    const told = JSON.parse(event.data), phases = byId("phases"), bar = byId("bar");
    say(byId("phase"), told.phase);
    say(byId("left"), told.left);
    for (const each of told.phases.slice(phases.children.length)) {
      phases.append(Object.assign(document.createElement("li"), { textContent: each }));
    }
    byId("cancel").disabled = told.stopping;
    if (told.total_s) Object.assign(bar, { max: told.total_s, value: told.done_s });
    else bar.removeAttribute("value");
    for (const live of lives) draw(live, told.pulses, told.pulses_s);
  };

  let events = null, over = false;
  const leave = () => { if (events) events.close(); events = null; };
  const listen = () => { // only while it is seen: a browser has six connections to a host for all its tabs together
    leave();
    if (document.hidden || over) return;
    events = new EventSource(running.dataset.events);
    events.addEventListener("progress", progress);
    events.addEventListener("open", () => { for (const live of lives) live.points = []; });
    events.addEventListener("ended", (event) => { leave(); location.replace(JSON.parse(event.data).at); });
    events.addEventListener("closed", () => {
      over = true;
      leave();
      byId("cancel").disabled = byId("bar").hidden = true;
      say(byId("left"), "");
      say(byId("phase"), "nra ui has ended; what was measured is in its results folder");
    });
    events.addEventListener("error", () => say(byId("phase"), "Waiting for nra ui"));
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}

function sayOfFile(text) { // of a file, on pages that have no place for it as well
  let problem = byId("bring-problem");
  if (!problem) {
    problem = Object.assign(document.createElement("p"), { id: "bring-problem", className: "wrong" });
    problem.setAttribute("role", "alert");
    byId("content").prepend(problem);
  }
  problem.textContent = text;
  problem.scrollIntoView({ block: "nearest" });
}

async function bring(file) {
  if (!file) return;
  const end = file.name.toLowerCase().match(/\.(html?|xlsx|txt|csv)$/);
  if (end) return sayOfFile(`${file.name} is a report; drop the run document, .json.`);
  if (!file.size) return sayOfFile(`${file.name} is empty; drop the run document, .json.`);
  try {
    const answer = await fetch(`${base}bring`, { method: "POST", body: file, headers: { "content-type": "application/json" } });
    const told = await answer.json();
    if (told.at) location.assign(told.at);
    else sayOfFile(`${file.name} cannot be shown: ${told.error}`);
  } catch {
    sayOfFile(`${file.name} could not be loaded: it is too large, or nra ui has ended.`);
  }
}

function takeFiles() {
  const input = byId("bring"), dropping = byId("dropping");
  if (input) input.addEventListener("change", () => bring(input.files[0]));
  const running = byId("running"), later = "A measurement is under way: load the run document when it is over.";
  if (running) dropping.textContent = later;
  const files = (event) => [...event.dataTransfer.types].includes("Files");
  addEventListener("dragover", (event) => { if (files(event)) { event.preventDefault(); dropping.hidden = false; } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) dropping.hidden = true; });
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    dropping.hidden = true;
    const dropped = event.dataTransfer.files;
    if (running) sayOfFile(later);
    else if (dropped.length > 1) sayOfFile(`${dropped.length} files were dropped, and none is shown: drop one at a time; All results compares two.`);
    else bring(dropped[0]);
  });
}

searchRegions();
follow();
takeFiles();
for (const first of document.querySelectorAll("[aria-invalid]")) { first.focus(); break; }
