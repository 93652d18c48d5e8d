/* The search of the map in one file: schools, catchments and providers by words of their names. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  const form = document.getElementById("map-find");
  if (!ours || !form) return;

  const SHOWN = 12;
  const [input, list, none] = ["input", "datalist", "[role=status]"].map((one) => form.querySelector(one));
  const folded = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  let known = null;

  function named(text, also, chosen) {
    return { text, chosen, folded: folded(text + " " + also) };
  }

  async function names() {
    const [{ catchments }, { schools }] = await Promise.all([ours.data("catchments"), ours.data("schools")]);
    known ||= [
      ...catchments.map(({ name, code, provider }) => named(name, provider ? provider.name : "", { kind: "catchment", code })),
      ...schools.map(([id, name, lng, lat, code, status, note]) =>
        named(name + " (" + id + ")", "", { kind: "school", id, name, status, note, code, at: [lat, ours.to360(lng)] })),
    ];
    return known;
  }

  async function found(text) {
    const words = folded(text).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    return (await names()).filter((each) => words.every((word) => each.folded.includes(word)));
  }

  input.addEventListener("input", async () => {
    none.hidden = true;
    const some = (await found(input.value)).slice(0, SHOWN);
    list.replaceChildren(...some.map(({ text }) => Object.assign(document.createElement("option"), { value: text })));
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const all = await found(input.value);
    const one = all.find(({ text }) => text === input.value) || all[0];
    none.hidden = Boolean(one);
    if (one) window[form.dataset.map].choose(one.chosen, input);
  });
})();
