"""An evaluation as tables to read, pictures to look at and a record to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from train.checkpoint import write_bytes
from train.environment import environment
from train.evaluation.figures import ANGLES, PARTS, AngleFigures, PoseRow
from train.evaluation.run import NOTES, Evaluation, nme_of, worst
from train.evaluation.sets import POSE_SETS, Looked
from train.plots import Float32, UInt8, ced_png, contact_sheet, marked_face, png

WORST = 12
"""Faces of each set on the contact sheet."""

TILE, COLUMNS = 256, 6
BOXES = "one look from true landmark boxes moved and scaled by up to ±10 %"


def to_tables(evaluation: Evaluation) -> str:
    """The figures as Markdown tables, with what a reader must know and what was skipped."""
    head = f"{evaluation.model['name']}, split {evaluation.split}: {BOXES}, seed {evaluation.seed}"
    tables = [head, _landmark_table(evaluation), _parts_table(evaluation), _pose_table(evaluation)]
    tables += [_means_table(evaluation.pose, angle) for angle in ANGLES]
    notes = [f"{name}: {NOTES[name]}" for name in evaluation.parts if name in NOTES]
    skipped = [f"skipped {name}: {reason}" for name, reason in evaluation.skipped.items()]
    return "\n\n".join(text for text in (*tables, "\n".join(notes + skipped)) if text)


def save(evaluation: Evaluation, folder: Path, *, command: str) -> list[Path]:
    """Write evaluation.json, worst.png and, where there are landmarks, ced.png; the paths written.

    Raises:
        PlotError: matplotlib is not installed.
        CheckpointError: a file cannot be written; its old form, if any, is intact.
    """
    record = {"suite": "evaluation", "environment": environment(command), **evaluation.to_dict()}
    record["worst"] = {name: _sources(*worst(evaluation, name, count=WORST)) for name in evaluation.parts}
    files = {"evaluation.json": (json.dumps(record, indent=1, allow_nan=False) + "\n").encode()}
    curves = {
        f"{name} {part}": nme_of(looked, evaluation.scheme)
        for name, parts in evaluation.parts.items()
        if name not in POSE_SETS
        for part, looked in parts.items()
        if part not in looked.samples[0].attributes
    }
    if curves:
        files["ced.png"] = ced_png(curves, title=f"{evaluation.model['name']}, boxes jittered by ±10 %")
    files["worst.png"] = png(contact_sheet(worst_faces(evaluation), tile=TILE, columns=COLUMNS))
    for name, content in files.items():
        write_bytes(folder / name, content)
    return [folder / name for name in files]


def worst_faces(evaluation: Evaluation) -> Iterator[UInt8]:
    """The worst faces of each set, truth and prediction drawn; each set begins a row of the sheet."""
    for name in evaluation.parts:
        faces, chosen = worst(evaluation, name, count=WORST)
        for i, error in chosen:
            sample = faces.samples[i]
            pose = _angles(faces.true_pose_deg[i], faces.pose_deg[i])
            yield marked_face(
                sample.read_image(),
                faces.landmarks[i],
                sample.landmarks if sample.has_landmarks else None,
                evaluation.scheme,
                lines=[name, *(pose if name in POSE_SETS else [f"NME {error:.1f} %"])],
                side=TILE,
            )
        for _ in range(-len(chosen) % COLUMNS):
            yield np.full((TILE, TILE, 3), 32, np.uint8)


def _sources(faces: Looked, chosen: list[tuple[int, float]]) -> list[dict[str, str | float]]:
    return [{"source": faces.samples[i].source, "error": error} for i, error in chosen]


def _angles(true: Float32, predicted: Float32) -> list[str]:
    angles = zip(ANGLES, true, predicted, strict=True)
    return [f"{name} {t:+.0f}, found {p:+.0f}" for name, t, p in angles if np.isfinite(t)]


def _table(head: str, rows: list[str]) -> str:
    columns = head.split(" | ")
    rule = "|---|---" + "|---:" * (len(columns) - 2) + "|"
    return "\n".join([f"| {head} |", rule, *(f"| {row} |" for row in rows)]) if rows else ""


def _landmark_table(evaluation: Evaluation) -> str:
    head = "set | part | faces | NME inter-ocular % | median % | NME inter-pupil % | FR8 % | FR10 % | AUC8 | AUC10"
    boxed = any(row.nme_face_box is not None for row in evaluation.landmarks)
    head += " | NME face box %" if boxed else ""
    return _table(
        head,
        [
            f"{r.set} | {r.part} | {r.faces} | {r.nme_interocular:.2f} | {r.nme_interocular_median:.2f} | "
            f"{r.nme_interpupil:.2f} | {100 * r.failure_rate_at_8:.1f} | {100 * r.failure_rate_at_10:.1f} | "
            f"{r.auc_at_8:.3f} | {r.auc_at_10:.3f}" + (f" | {r.nme_face_box:.2f}" if boxed else "")
            for r in evaluation.landmarks
        ],
    )


def _parts_table(evaluation: Evaluation) -> str:
    names = [name for name in PARTS if any(name in row.nme_interocular_by_part for row in evaluation.landmarks)]
    rows = [
        f"{r.set} | {r.part} | " + " | ".join(f"{r.nme_interocular_by_part[name]:.2f}" for name in names)
        for r in evaluation.landmarks
    ]
    return _table("inter-ocular NME % of | part | " + " | ".join(names), rows)


def _pose_table(evaluation: Evaluation) -> str:
    head = ["set", "part", "faces"] + [f"{angle} {what}" for angle in ANGLES for what in ("MAE°", "bias°", "sign")]
    rows = []
    for row in evaluation.pose:
        cells = [cell for angle in ANGLES for cell in _cells(getattr(row, angle))]
        rows.append(" | ".join([row.set, row.part.replace("|", "\\|"), str(row.faces), *cells]))
    return _table(" | ".join(head), rows)


def _cells(figures: AngleFigures | None) -> list[str]:
    if figures is None:
        return ["-", "-", "-"]
    share = "-" if figures.sign_agreement is None else f"{figures.sign_agreement:.2f} of {figures.sign_faces}"
    return [f"{figures.mae_deg:.1f}", f"{figures.bias_deg:+.1f}", share]


def _means_table(rows: list[PoseRow], angle: str) -> str:
    """Mean prediction at each true angle, of sets that have few of them."""
    for row in rows:
        figures: AngleFigures | None = getattr(row, angle)
        if figures is not None and figures.mean_at_deg:
            head = f"{row.set}, {row.part.replace('|', chr(92) + '|')} | {angle} | " + " | ".join(
                figures.mean_at_deg
            )
            return _table(
                head, ["mean | predicted | " + " | ".join(f"{v:+.0f}" for v in figures.mean_at_deg.values())]
            )
    return ""
