/* Totals while somebody draws: what would move, and the load of both sides before and after.
 *
 * Asked of the service a moment after the last step; an answer to a question of before is dropped.
 */
(() => {
  "use strict";

  const ours = window.L && L.catchments;
  const staff = ours && ours.staff;
  const panel = staff && staff.box.querySelector("[data-sums]");
  if (!panel) return;

  const { box, words, events } = staff;
  const WAIT_MS = 350;
  /* As the service takes them. */
  const CORNERS_AT_MOST = 100000;
  const target = document.querySelector(box.dataset.target);
  const { form } = target;
  const said = panel.querySelector("[role=status]");
  const table = panel.querySelector("table");
  const mode = box.dataset.draw;
  let timer = 0;
  let asked = null;
  let outline = null;

  const field = (name) => form.elements[name]?.value || "";
  const number = (value) => Number(value).toLocaleString();

  function question() {
    const givers = Array.from(form.querySelectorAll("input[name=from]:checked"), ({ value }) => value);
    const about = { mode, to: field("to") };
    if (mode === "schools") return { ...about, numbers: numbers() };
    const drawn = outline.wkt();
    if (mode === "area") return { ...about, drawn, givers };
    return { ...about, drawn, catchment: field("catchment"), provider: field("provider"), side: form.querySelector("[name=side]:checked")?.value || "" };
  }

  const numbers = () => (target.value.match(/\d+/g) || []).slice(0, 5000).map(Number);
  const isEmpty = () => (mode === "schools" ? !numbers().length : !outline || !outline.isDone || outline.length < (mode === "line" ? 2 : 3));

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  }

  async function ask() {
    if (asked) asked.abort();
    panel.hidden = isEmpty();
    if (panel.hidden) return undefined;
    if (outline && outline.length > CORNERS_AT_MOST) return tell(words.tooLarge);
    asked = new AbortController();
    const token = form.querySelector("[name=csrf_token]").value;
    const request = { method: "POST", body: JSON.stringify(question()), redirect: "manual", signal: asked.signal, headers: { "Content-Type": "application/json", "X-CSRFToken": token } };
    try {
      const response = await fetch(box.dataset.totals, request);
      if (response.type === "opaqueredirect" || response.status === 401) return tell(words.ended);
      if (!response.ok) return tell(words.noTotals);
      return show(await response.json());
    } catch (error) {
      return error.name === "AbortError" ? undefined : tell(words.noTotals);
    }
  }

  function tell(sentence) {
    said.textContent = sentence;
    table.hidden = true;
  }

  function show({ problem, moving, sides = [], area_km2: area, version }) {
    const isStale = String(version) !== field("version");
    const notes = [isStale ? words.changedMeanwhile : ""];
    if (problem) return tell([problem, ...notes].join(" "));
    if (moving) notes.unshift(ours.worded(words.moving, { schools: number(moving.schools), students: number(moving.students), absent: number(moving.absent) }));
    if (area !== undefined) notes.unshift(ours.worded(words.area, { area: number(area) }));
    if (moving && !sides.length) notes.push(words.chooseReceiver);
    said.textContent = notes.filter(Boolean).join(" ");
    table.hidden = !sides.length;
    table.tBodies[0].replaceChildren(...sides.map(row));
    return undefined;
  }

  function row({ name, code, gets, before, after, load }) {
    const made = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name + (code ? " (" + code + ")" : "") + ", " + (gets ? words.gets : words.gives);
    made.append(head, ...["schools", "students", "absent"].map((each) => cell(each, before[each], after[each])), loadCell(load));
    return made;
  }

  function cell(name, before, after) {
    const made = document.createElement("td");
    made.className = "number";
    made.dataset.label = words.columns[name];
    made.textContent = ours.worded(words.beforeAfter, { before: number(before), after: number(after) });
    return made;
  }

  function loadCell(load) {
    const made = document.createElement("td");
    made.dataset.label = words.columns.load;
    if (!load) made.textContent = words.nobody;
    else {
      const sentence = load.capacity ? words.loadOf : words.loadWithout;
      made.textContent = ours.worded(sentence, { provider: load.provider, before: number(load.before), after: number(load.after), capacity: number(load.capacity || 0) });
      if (load.capacity && load.after > load.capacity) {
        const over = document.createElement("strong");
        over.textContent = words.over;
        made.append(" ", over);
      }
    }
    return made;
  }

  events.addEventListener("outline", ({ detail }) => {
    outline = detail.outline;
    askSoon();
  });
  events.addEventListener("ready", askSoon);
  form.addEventListener("change", askSoon);
})();
