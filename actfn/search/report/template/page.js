"use strict";
const SECONDS = 5;
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const memory = "actfn " + location.pathname;

function sortBy(th, direction) {
  const table = th.closest("table");
  const column = th.cellIndex;
  const value = body => {
    const cell = body.rows[0].cells[column];
    return cell.dataset.v ?? cell.textContent;
  };
  const numeric = th.classList.contains("number");
  const sign = direction === "ascending" ? 1 : -1;
  const key = body => (numeric ? Number(value(body)) : value(body));
  const compare = (a, b) => {
    if (!numeric) return a.localeCompare(b);
    // What has no number comes last, whichever way the others go.
    const none = (a === -Infinity) - (b === -Infinity);
    return none ? none * sign : a === b ? 0 : a - b;
  };
  const bodies = [...table.tBodies].map(body => [key(body), body]);
  bodies.sort((a, b) => sign * compare(a[0], b[0]));
  table.append(...bodies.map(pair => pair[1]));
  all("th[aria-sort]", table).forEach(other => other.setAttribute("aria-sort", "none"));
  th.setAttribute("aria-sort", direction);
}

function toggle(button, open) {
  button.setAttribute("aria-expanded", open);
  const detail = document.getElementById(button.getAttribute("aria-controls"));
  detail.hidden = !open;
  if (!detail.querySelector(".copy")) all("code", detail).forEach(addCopy);
}

function addCopy(code) {
  const button = document.createElement("button");
  Object.assign(button, { className: "copy", textContent: "Copy" });
  code.after(button);
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  const range = document.createRange();
  range.selectNodeContents(code);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  let done = document.execCommand("copy");
  if (!done && navigator.clipboard)
    done = await navigator.clipboard.writeText(code.textContent).then(() => true, () => false);
  const said = done ? "Copied" : "Selected";
  button.textContent = document.getElementById("said").textContent = said;
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  const th = button.closest("thead th");
  if (button.matches(".open")) toggle(button, button.getAttribute("aria-expanded") !== "true");
  else if (button.matches(".copy")) copy(button);
  else if (button.id === "pause") pause(button.getAttribute("aria-pressed") !== "true");
  else if (th) {
    const first = th.classList.contains("number") ? "descending" : "ascending";
    const second = first === "descending" ? "ascending" : "descending";
    sortBy(th, th.getAttribute("aria-sort") === first ? second : first);
  }
});

// While the search runs the page is loaded anew, and looks as it was left.
let paused = false;

function pause(on) {
  paused = on;
  const button = document.getElementById("pause");
  button.setAttribute("aria-pressed", on);
  button.textContent = on ? "Resume updates" : "Pause updates";
}

function remember() {
  const buttons = all("button");
  const state = {
    x: scrollX,
    y: scrollY,
    rooms: all(".scroll").map(room => [room.scrollLeft, room.scrollTop]),
    tables: all("table.sortable").map(table => {
      const th = table.querySelector("th[aria-sort]:not([aria-sort=none])");
      return [table.id, th && th.cellIndex, th && th.getAttribute("aria-sort")];
    }),
    open: all(".open[aria-expanded=true]").map(name),
    focus: buttons.includes(document.activeElement) ? name(document.activeElement) : null,
  };
  sessionStorage.setItem(memory, JSON.stringify(state));
}

function name(button) {
  const table = button.closest("table");
  const trial = button.closest("tbody")?.rows[0].lastElementChild.textContent;
  return [table && table.id, button.className, button.textContent, trial].join("|");
}

function recall() {
  const found = sessionStorage.getItem(memory);
  if (!found) return;
  sessionStorage.removeItem(memory);
  const state = JSON.parse(found);
  for (const [id, column, direction] of state.tables) {
    const th = document.getElementById(id)?.tHead.rows[0].cells[column];
    if (th && direction) sortBy(th, direction);
  }
  const open = new Set(state.open);
  all(".open").forEach(button => open.has(name(button)) && toggle(button, true));
  if (state.focus !== null)
    all("button").find(button => name(button) === state.focus)?.focus({ preventScroll: true });
  all(".scroll").forEach((room, n) => room.scrollTo(...(state.rooms[n] ?? [0, 0])));
  scrollTo(state.x, state.y);
}

all("footer code").forEach(addCopy);
recall();
if ("running" in document.body.dataset)
  setInterval(() => {
    if (paused || document.hidden || !getSelection().isCollapsed) return;
    remember();
    location.reload();
  }, 1000 * SECONDS);
