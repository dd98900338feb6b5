"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const state = {
    slice: 0, frame: 0, zoom: 4, speed: 1, timer: 0,
    x: Math.floor(data.width / 2), y: Math.floor(data.height / 2),
    line: { axis: "x", x: 0, y: 0 },
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

  const onPatient = (key) => /^(magnitude|family|error|phase)-/.test(key);

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
    /* the pixels along the line, frame beside frame; below each other for a horizontal line */
    course(canvas, key) {
      const count = data.pictures[key].frames;
      const { axis } = state.line;
      const at = state.line[axis];
      resize(canvas, axis === "x" ? count : data.width, axis === "x" ? data.height : count,
        data.aspect);
      const context = canvas.getContext("2d");
      for (let frame = 0; frame < count; frame += 1) {
        const from = place(key, frame);
        if (axis === "x") {
          context.drawImage(from.image, from.left + at, from.top, 1, from.height,
            frame, 0, 1, from.height);
        } else {
          context.drawImage(from.image, from.left, from.top + at, from.width, 1,
            0, frame, from.width, 1);
        }
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
    markFrame();
    all(".score").forEach((part) => {
      const { index } = part.dataset;
      const family = part.closest("#film") && data.families[index];
      const captions = family ? family.captions[family.stop] : data.captions[index];
      part.textContent = captions[state.slice][state.frame];
    });
  }

  function cursorPosition() {
    const { times } = data;
    return 100 * (times[state.frame] - times[0]) / ((times[times.length - 1] - times[0]) || 1);
  }

  /* a line across the whole picture, at a share of its width or height */
  function setMark(mark, vertical, share) {
    mark.classList.toggle("across", !vertical);
    mark.style.left = vertical ? `${100 * share}%` : "";
    mark.style.top = vertical ? "" : `${100 * share}%`;
  }

  function markFrame() {
    const share = (state.frame + 0.5) / data.frames.length;
    all(".frame-mark").forEach((mark) => setMark(mark, state.line.axis === "x", share));
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
    const films = '[data-view="whole"][data-image^="magnitude-"]';
    all(`#images canvas${films}, #film canvas${films}`).forEach((canvas) => {
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
    let due = 0;
    const advance = () => {
      showFrame((state.frame + 1) % data.frames.length);
      /* the time that drawing took is not added to that of the film */
      const now = performance.now();
      due = Math.max(due, now - 500) + 1000 * data.frameSeconds / state.speed;
      state.timer = setTimeout(advance, Math.max(0, due - now));
    };
    button.addEventListener("click", () => {
      const playing = state.timer !== 0;
      clearTimeout(state.timer);
      state.timer = 0;
      due = performance.now();
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

  function moveLine(at) {
    const { line } = state;
    const vertical = line.axis === "x";
    const size = vertical ? data.width : data.height;
    line[line.axis] = clamp(Math.floor(at), 0, size - 1);
    const input = find("#line-place");
    input.max = size - 1;
    input.value = line[line.axis];
    const share = (line[line.axis] + 0.5) / size;
    find("#film").dataset.axis = line.axis;
    all(".line-mark").forEach((mark) => setMark(mark, vertical, share));
    write("line-value", `${vertical ? "column" : "row"} ${line[line.axis] + 1} of ${size}`);
    all(".course-axes").forEach((text) => {
      text.textContent = vertical ? "y down, time to the right" : "x to the right, time down";
    });
    draw(["course"]);
    markFrame();
  }

  function stepFrame(step) {
    showFrame((state.frame + step + data.frames.length) % data.frames.length);
  }

  /* what arrow keys and space do while a picture of the film has the focus */
  function listen(canvas, act) {
    canvas.tabIndex = 0;
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (event.key === " ") find("#play").click();
      else if (step) act(step, event.shiftKey);
      else return;
      event.preventDefault();
    });
  }

  function addMark(canvas, name) {
    const mark = document.createElement("i");
    mark.className = name;
    canvas.parentElement.append(mark);
    canvas.parentElement.classList.add("movable");
  }

  function startFilm() {
    const input = find("#line-place");
    if (!input) return;
    const { line } = state;
    line.x = Number(input.dataset.x);
    line.y = Number(input.dataset.y);
    all('#film canvas[data-view="whole"]').forEach((canvas) => {
      addMark(canvas, "line-mark");
      follow(canvas, (x, y) => moveLine(line.axis === "x" ? x * data.width : y * data.height));
      listen(canvas, (step, fine) => {
        moveLine(line[line.axis] + step * (fine ? 1 : Math.max(1, Math.round(data.width / 64))));
      });
    });
    const chooseFrame = (share) => {
      showFrame(clamp(Math.floor(share * data.frames.length), 0, data.frames.length - 1));
    };
    all('#film canvas[data-view="course"]').forEach((canvas) => {
      addMark(canvas, "frame-mark");
      follow(canvas, (x, y) => chooseFrame(line.axis === "x" ? x : y));
      listen(canvas, stepFrame);
    });
    all("#film .plot svg").forEach((plot) => follow(plot, (x) => showFrame(nearestFrame(x))));
    bind("line-place", moveLine);
    all('input[name="line-axis"]').forEach((choice) => {
      choice.addEventListener("change", () => {
        line.axis = choice.value;
        moveLine(line[line.axis]);
      });
    });
    line.axis = find('input[name="line-axis"]:checked').value;
    moveLine(line[line.axis]);
  }

  /* sliders that change which of a method's films the film tab shows */
  function startFamilies() {
    for (const [index, family] of Object.entries(data.families)) {
      const canvases = all(`#film canvas[data-image="magnitude-${index}"]`);
      const input = find(`#family-${index}`);
      const choose = (stop) => {
        family.stop = stop;
        canvases.forEach((canvas) => { canvas.dataset.image = family.pictures[stop]; });
        write(`family-${index}-value`, family.labels[stop]);
        input.setAttribute("aria-valuetext", family.labels[stop]);
        draw(["whole", "course"]);
        writeLabels();
      };
      bind(input.id, choose);
      choose(Number(input.value));
    }
  }

  /* the frame whose time lies nearest to a share of the plot's width */
  function nearestFrame(share) {
    const { times } = data;
    const time = times[0] + share * (times[times.length - 1] - times[0]);
    const distances = times.map((one) => Math.abs(one - time));
    return distances.indexOf(Math.min(...distances));
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
    startFilm();
    startFamilies();
    draw();
    drawBoxes();
    writeLabels();
    document.documentElement.dataset.ready = "true";
  }

  start();
})();
