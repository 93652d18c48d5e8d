/* The card beside the map: who serves what is chosen. Text from data only ever becomes textContent. */
(function () {
  "use strict";

  const ours = window.L && L.catchments;
  if (!ours) return;

  const { words } = ours;
  const FEW = 12; // What is more than a line or two is told by the provider's own page.

  function link(href, text) {
    const element = document.createElement("a");
    element.href = href;
    element.textContent = text;
    return element;
  }

  function phoneNode(phone) {
    return /^[0-9+()\- ]+$/.test(phone)
      ? link("tel:" + phone.replace(/[^0-9+]/g, ""), phone)
      : document.createTextNode(phone);
  }

  function emailNode(email) {
    return /^[^\s@]+@[^\s@]+$/.test(email)
      ? link("mailto:" + encodeURIComponent(email).replace("%40", "@"), email)
      : document.createTextNode(email);
  }

  function websiteNode(website) {
    let url = null;
    try {
      url = new URL(website);
    } catch {
      /* Not an address: shown as text below. */
    }
    if (!url || !["http:", "https:"].includes(url.protocol)) return document.createTextNode(website);
    const made = link(url.href, website.replace(/^https?:\/\//i, "").replace(/\/+$/, ""));
    made.rel = "noopener external";
    return made;
  }

  ours.providerName = (fact) => {
    if (!fact) return words.noCatchment;
    return fact.provider ? fact.provider.name : words.noProvider;
  };

  function addFact(list, term, node, className) {
    const row = document.createElement("div");
    if (className) row.className = className;
    const dt = document.createElement("dt");
    dt.textContent = term;
    const dd = document.createElement("dd");
    dd.append(node);
    row.append(dt, dd);
    list.append(row);
    return dd;
  }

  /* What is not certain about an answer, in its own words, which are English. */
  function noteNode(note) {
    const made = document.createElement("p");
    [made.className, made.lang, made.textContent] = ["notice", "en-NZ", note];
    return made;
  }

  /* Whom to reach, how, and for which catchments; `also` are others of the provider of a single one. */
  function tellProvider(list, served, also) {
    const [fact] = served;
    const provider = (fact && fact.provider) || {};
    if (provider.phone) addFact(list, words.phone, phoneNode(provider.phone), "fact-phone");
    if (provider.email) addFact(list, words.email, emailNode(provider.email));
    if (provider.website) addFact(list, words.website, websiteNode(provider.website));
    for (const { name } of served) addFact(list, words.catchment, name);
    if (also.length && also.length < FEW) addFact(list, words.servedBy, [fact, ...also].map(({ name }) => name).join(", "));
    const region = (served.length === 1 && fact.education_region) || "";
    if (!region) return;
    const dd = addFact(list, words.region, region);
    if (/^(Tai Tokerau|Tāmaki)/.test(region)) dd.lang = "mi";
  }

  /* A card of the template: what is meant, who serves it, and where more is told. `served` has several
   * catchments where one provider has them all, or, under a `title`, where it is not known which is meant. */
  ours.card = ({ place, title, served, also = [], note, href, more, onClose }) => {
    const card = document.getElementById("answer-template").content.cloneNode(true);
    const slot = (name) => card.querySelector('[data-slot="' + name + '"]');
    slot("place").textContent = place;
    slot("provider").textContent = title || ours.providerName(served[0]);
    slot("more").textContent = more;
    if (href) slot("more").href = href;
    else slot("more").parentElement.remove();
    const list = card.querySelector("dl");
    if (title) for (const each of served) addFact(list, each.name, ours.providerName(each));
    else tellProvider(list, served, also);
    if (note) list.after(noteNode(note));
    card.querySelector("[data-close]").addEventListener("click", onClose);
    return card;
  };
})();
