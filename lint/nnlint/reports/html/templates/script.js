(() => {
  "use strict";
  const form = document.querySelector(".filter");
  if (!form) return;
  const all = [...document.querySelectorAll(".finding")].map((element) => ({
    element,
    code: element.dataset.code,
    level: element.classList[1],
    fixable: "fix" in element.dataset,
    text: (element.parentElement.dataset.path + " " + element.firstElementChild.textContent).toLowerCase(),
  }));
  const files = [...document.querySelectorAll(".file")];
  const count = form.querySelector("output");
  const none = document.querySelector(".none");
  const MOST_OPEN = 400;

  // What is seen of a finding when it is opened stands in the page for the first, and packed for the others.
  // Files that are not in sight are not laid out; how high they will be can be told from their findings.
  const ROW = 4.2;
  for (const file of document.querySelectorAll(".many .file")) {
    file.style.containIntrinsicBlockSize = `auto ${2.5 + ROW * (file.childElementCount - 1)}rem`;
  }

  const packed = document.getElementById("packed");
  const first = packed ? Number(packed.dataset.first) : Infinity;
  let unpacked;
  const unpack = () => (unpacked ??= (async () => {
    const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  })());
  const fill = async (element) => {
    const number = Number(element.id.slice(1));
    if (number < first || element.childElementCount > 1) return;
    const body = document.createElement("div");
    body.className = "body";
    element.append(body);
    body.innerHTML = (await unpack())[number - first];
  };
  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.classList.contains("finding")) fill(target);
  }, true);

  const shown = () => all.filter(({ element }) => !element.hidden);
  const apply = () => {
    const levels = new Set([...form.elements].filter((e) => e.name === "level" && e.checked).map((e) => e.value));
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const check = form.elements.check.value;
    const fixable = form.elements.fixable?.checked;
    let number = 0;
    for (const one of all) {
      const fits = levels.has(one.level)
        && (!check || one.code === check || one.code.replace(/\d+$/, "") === check)
        && (!fixable || one.fixable)
        && words.every((word) => one.text.includes(word));
      one.element.hidden = !fits;
      number += fits;
    }
    for (const file of files) file.hidden = !file.querySelector(".finding:not([hidden])");
    count.textContent = number === all.length ? `${number} ${number === 1 ? "finding" : "findings"}` : `${number} of ${all.length} findings`;
    none.hidden = number > 0;
    form.elements.open.disabled = number > MOST_OPEN;
    form.elements.open.title = number > MOST_OPEN ? `for at most ${MOST_OPEN} findings; narrow them down` : "";
  };
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, all.length > 500 ? 120 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.open.addEventListener("click", () => shown().forEach(({ element }) => (element.open = true)));
  form.elements.close.addEventListener("click", () => all.forEach(({ element }) => (element.open = false)));
  none.querySelector("button").addEventListener("click", () => {
    form.reset();
    apply();
    form.elements.text.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    event.preventDefault();
    form.elements.text.focus();
  });
  // A link leads to what is closed or filtered out, too.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!(target instanceof HTMLDetailsElement)) return;
    if (target.hidden) {
      form.reset();
      apply();
    }
    target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", ({ target }) => {
    if (target.dataset.show) {
      form.reset();
      form.elements.check.value = target.dataset.show;
      apply();
      form.scrollIntoView();
      form.elements.check.focus();
    } else if (target.closest("a")?.hash === location.hash) {
      follow(); // the same link once more
    }
  });

  // Only what scrolls within itself needs to be reached by the keyboard.
  const reach = () => {
    for (const element of document.querySelectorAll("pre, .scroll")) {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else if (element.clientWidth) element.removeAttribute("tabindex");
    }
  };
  let settling;
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(reach, 200);
  };
  addEventListener("resize", settle);
  document.addEventListener("toggle", settle, true);

  apply(); // a browser may have kept what was chosen before a reload
  follow();
  settle();
})();
