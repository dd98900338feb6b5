"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const state = {
    slice: 0, frame: 0, zoom: 4, speed: 1, timer: 0,
    x: Math.floor(data.width / 2), y: Math.floor(data.height / 2),
    profile: Math.floor(data.width / 2),
  };
  const loaded = {};

  function load(picture) {
    return Promise.all(picture.sheets.map((address) => {
      const image = new Image();
      image.src = address;
      return image.decode().then(() => image);
    }));
  }

  /* where a frame lies on its sheet */
  function place(key, frame) {
    const picture = data.pictures[key];
    const images = loaded[key];
    const image = images[Math.min(state.slice, images.length - 1)];
    const rows = Math.ceil(picture.frames / picture.columns);
    const width = image.naturalWidth / picture.columns;
    const height = image.naturalHeight / rows;
    const index = picture.frames === 1 ? 0 : frame;
    return {
      image, width, height,
      left: (index % picture.columns) * width, top: Math.floor(index / picture.columns) * height,
    };
  }

  function resize(canvas, width, height, aspect) {
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    canvas.style.aspectRatio = String(aspect);
  }

  function zoomBox() {
    const width = Math.max(1, Math.round(data.width / state.zoom));
    const height = Math.max(1, Math.round(data.height / state.zoom));
    return {
      width, height,
      left: clamp(state.x - Math.floor(width / 2), 0, data.width - width),
      top: clamp(state.y - Math.floor(height / 2), 0, data.height - height),
    };
  }

  const onPatient = (key) => /^(magnitude|error|phase)-/.test(key);

  const views = {
    whole(canvas, key) {
      const from = place(key, state.frame);
      resize(canvas, from.width, from.height,
        onPatient(key) ? data.aspect : from.width / from.height);
      canvas.getContext("2d").drawImage(from.image, from.left, from.top, from.width, from.height,
        0, 0, from.width, from.height);
    },
    stretched(canvas, key) {
      const from = place(key, 0);
      resize(canvas, from.width, from.height, 1);
      canvas.getContext("2d").drawImage(from.image, 0, 0);
    },
    zoom(canvas, key) {
      const from = place(key, state.frame);
      const box = zoomBox();
      resize(canvas, box.width, box.height, data.aspect);
      canvas.getContext("2d").drawImage(from.image, from.left + box.left, from.top + box.top,
        box.width, box.height, 0, 0, box.width, box.height);
    },
    course(canvas, key) {
      const count = data.pictures[key].frames;
      resize(canvas, count, data.height, data.aspect);
      const context = canvas.getContext("2d");
      for (let frame = 0; frame < count; frame += 1) {
        const from = place(key, frame);
        context.drawImage(from.image, from.left + state.profile, from.top, 1, from.height,
          frame, 0, 1, from.height);
      }
    },
  };

  function draw(only) {
    all("canvas").forEach((canvas) => {
      if (!only || only.includes(canvas.dataset.view)) {
        views[canvas.dataset.view](canvas, canvas.dataset.image);
      }
    });
  }

  function drawBoxes() {
    const box = zoomBox();
    all(".box").forEach((mark) => {
      mark.style.left = `${100 * box.left / data.width}%`;
      mark.style.top = `${100 * box.top / data.height}%`;
      mark.style.width = `${100 * box.width / data.width}%`;
      mark.style.height = `${100 * box.height / data.height}%`;
    });
  }

  function write(id, text) {
    const output = document.getElementById(id);
    if (output) output.textContent = text;
  }

  function writeLabels() {
    write("slice-value", `${data.slices[state.slice]}`);
    write("frame-value", data.frames[state.frame]);
    write("zoom-value", `${state.zoom} x`);
    all("[data-slice]").forEach((part) => {
      part.hidden = Number(part.dataset.slice) !== state.slice;
    });
    const along = data.frames.length > 1 ? cursorPosition() : 0;
    all(".cursor").forEach((line) => line.setAttribute("d", `M${along} 0V100`));
    all(".score").forEach((part) => {
      part.textContent = data.captions[part.dataset.index][state.slice][state.frame];
    });
  }

  function cursorPosition() {
    const { times } = data;
    return 100 * (times[state.frame] - times[0]) / ((times[times.length - 1] - times[0]) || 1);
  }

  function bind(id, act) {
    const input = document.getElementById(id);
    if (!input) return;
    input.addEventListener("input", () => act(Number(input.value)));
  }

  function showFrame(frame) {
    state.frame = frame;
    find("#frame").value = frame;
    draw(["whole", "zoom"]);
    writeLabels();
  }

  /* a pointer that moves over an element while pressed, as fractions of its size */
  function follow(element, act) {
    const report = (event) => {
      const area = element.getBoundingClientRect();
      act(clamp((event.clientX - area.left) / area.width, 0, 1),
        clamp((event.clientY - area.top) / area.height, 0, 1));
    };
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      report(event);
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) report(event);
    });
  }

  function moveZoom(x, y) {
    state.x = clamp(Math.round(x), 0, data.width - 1);
    state.y = clamp(Math.round(y), 0, data.height - 1);
    draw(["zoom"]);
    drawBoxes();
  }

  function startZoom() {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    all('#images canvas[data-view="whole"]').forEach((canvas) => {
      const mark = document.createElement("i");
      mark.className = "box";
      canvas.parentElement.append(mark);
      canvas.parentElement.classList.add("movable");
      canvas.tabIndex = 0;
      follow(canvas, (x, y) => moveZoom(x * data.width, y * data.height));
      canvas.addEventListener("keydown", (event) => {
        const step = steps[event.key];
        if (!step) return;
        event.preventDefault();
        const size = event.shiftKey ? 1 : Math.max(1, Math.round(data.width / 64));
        moveZoom(state.x + size * step[0], state.y + size * step[1]);
      });
    });
    bind("zoom", (value) => {
      state.zoom = value;
      draw(["zoom"]);
      drawBoxes();
      writeLabels();
    });
  }

  function startCaptions() {
    all('#images canvas[data-view="whole"][data-image^="magnitude-"]').forEach((canvas) => {
      const index = canvas.dataset.image.split("-")[1];
      if (!data.captions[index]) return;
      const line = document.createElement("span");
      line.className = "score";
      line.dataset.index = index;
      canvas.closest("figure").querySelector("figcaption").append(line);
    });
  }

  function startPlayer() {
    bind("slice", (value) => {
      state.slice = value;
      draw();
      writeLabels();
    });
    bind("frame", showFrame);
    const button = find("#play");
    if (!button) return;
    const advance = () => {
      showFrame((state.frame + 1) % data.frames.length);
      state.timer = setTimeout(advance, 1000 * data.frameSeconds / state.speed);
    };
    button.addEventListener("click", () => {
      const playing = state.timer !== 0;
      clearTimeout(state.timer);
      state.timer = 0;
      if (!playing) advance();
      button.textContent = playing ? "Play" : "Pause";
    });
    find("#speed").addEventListener("change", (event) => {
      state.speed = Number(event.target.value);
    });
  }

  function startSwipe() {
    const view = find("#swipe-view");
    if (!view) return;
    const cut = find("#swipe-cut");
    const apply = () => view.style.setProperty("--cut", `${cut.value}%`);
    cut.addEventListener("input", apply);
    follow(view, (x) => {
      cut.value = 100 * x;
      apply();
    });
    for (const [choice, target] of [["#swipe-left", "#swipe-above"], ["#swipe-right", "#swipe-below"]]) {
      const select = find(choice);
      const choose = () => {
        const canvas = find(target);
        canvas.dataset.image = `magnitude-${select.value}`;
        canvas.setAttribute("aria-label", select.selectedOptions[0].textContent);
        views.whole(canvas, canvas.dataset.image);
      };
      select.addEventListener("change", choose);
      choose();
    }
  }

  function startProfile() {
    const view = find("#profile-view");
    if (!view) return;
    const input = find("#profile-x");
    const apply = (column) => {
      state.profile = column;
      input.value = column;
      find(".line-mark").style.left = `${100 * (column + 0.5) / data.width}%`;
      write("profile-value", `${column} of ${data.width}`);
      draw(["course"]);
    };
    bind("profile-x", apply);
    follow(view, (x) => apply(clamp(Math.floor(x * data.width), 0, data.width - 1)));
    apply(state.profile);
  }

  function startTheme() {
    find("#theme").addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });
  }

  async function start() {
    startTheme();
    for (const [key, picture] of Object.entries(data.pictures)) loaded[key] = await load(picture);
    startCaptions();
    startZoom();
    startPlayer();
    startSwipe();
    startProfile();
    draw();
    drawBoxes();
    writeLabels();
    document.documentElement.dataset.ready = "true";
  }

  start();
})();
