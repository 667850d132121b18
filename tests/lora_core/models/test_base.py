from __future__ import annotations

import json

import pytest

from lora_core.errors import Level
from lora_core.models.base import check
from lora_core.options import TrainingOptions
from lora_core.options.families import FAMILIES, suggestions

BASE = "pretrained_model_name_or_path"
E, W, N = Level.ERROR, Level.WARNING, Level.NOTE


def problems(path, **values):
    return list(check(TrainingOptions(**{BASE: path}, **values), needed=True))


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_right_model_passes(write, sample, family):
    assert problems(write(sample["MODELS"][family]), family=family) == []


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_wrong_family_is_told_and_mended_by_one_click(write, sample, family):
    path = write(sample["MODELS"][family])
    for other in FAMILIES:
        if other == family:
            continue
        options = TrainingOptions(**{BASE: path}, family=other)
        (problem,) = check(options, needed=True)
        assert (problem.level, problem.fields[0]) == (E, "family")
        assert "m.safetensors" in problem.what
        options.update(problem.fix)
        assert options["family"] == family
        assert options["resolution"] == FAMILIES[family].resolution
        assert list(check(options, needed=True)) == []


def test_the_variant_is_chosen_with_the_family(write, sample):
    (problem,) = problems(write({**sample["SDXL"], "v_pred": []}))
    assert problem.fix == {**suggestions("sdxl", "noobai_vpred"), "model_variant": "noobai_vpred"}
    (problem,) = problems(write(sample["CHROMA"]))
    assert problem.fix == {**suggestions("flux", "chroma"), "model_variant": "chroma"}


def test_no_model(tmp_path):
    assert [(p.level, p.fields) for p in problems("")] == [(E, (BASE,))]
    assert list(check(TrainingOptions(), needed=False)) == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("LORA", "it is a LoRA"),
        ("EMBEDDING", "it is an embedding"),
        ("CONTROLNET", "it is a ControlNet"),
    ],
)
def test_something_else_given_as_base_model(write, sample, name, part):
    (problem,) = problems(write(sample[name]))
    assert (problem.level, problem.fields[0]) == (E, BASE)
    assert part in problem.what


def test_a_part_given_as_base_model_is_put_where_it_belongs(write, sample):
    path = write(sample["TEXT_ENCODERS"]["t5xxl"])
    (problem,) = problems(path, family="flux", t5xxl="/models/dev.safetensors")
    assert problem.fix == {"t5xxl": path, BASE: "/models/dev.safetensors"}
    (problem,) = problems(write(sample["VAES"]["sd"], "v.safetensors"))
    assert "it is a VAE" in problem.what
    assert problem.fix == {"vae": problem.fix["vae"], BASE: ""}
    TrainingOptions().update(problem.fix)
    assert problems(path)[0].fix == {}  # SD 1.5 has no T5


def test_a_family_that_is_not_ours(write):
    (problem,) = problems(write({"cap_embedder.0.weight": [1], "cap_pad_token": [1]}), family="lumina")
    assert problem.level is E
    assert "Z-Image" in problem.what


@pytest.mark.parametrize(
    ("family", "shapes", "part"),
    [
        ("sd15", {"cond_stage_model.transformer.x": None}, "not complete"),
        ("sd15", {"model.diffusion_model.input_blocks.0.0.weight": [2, 9, 1, 1]}, "inpainting"),
        ("hunyuan_image", {"guidance_in.x": [1]}, "distilled"),
        ("flux", {"scaled_fp8": [1]}, "cannot be trained on"),
        ("anima", {"net.llm_adapter.embed.weight": None}, "not complete"),
    ],
)
def test_models_of_the_family_that_cannot_be_loaded(write, sample, family, shapes, part):
    changed = {**sample["MODELS"][family], **shapes}
    if family == "sd15" and part == "not complete":
        changed = {name: s for name, s in changed.items() if not name.startswith("cond_stage_model.")}
    changed = {name: s for name, s in changed.items() if s is not None}
    (problem,) = problems(write(changed), family=family)
    assert problem.level is E
    assert part in problem.what


def test_a_model_without_vae_needs_one(write, sample):
    bare = {name: shape for name, shape in sample["SDXL"].items() if "first_stage" not in name}
    (problem,) = problems(write(bare), family="sdxl")
    assert "VAE" in problem.why
    assert problems(write(bare), family="sdxl", vae="/v.safetensors") == []


def test_sd3_without_its_prefix_is_not_read(write, sample):
    bare = {name.removeprefix("model.diffusion_model."): shape for name, shape in sample["SD3"].items()}
    (problem,) = problems(write(bare), family="sd3")
    assert "names its parts" in problem.what


def settled(path, problem, **values):
    options = TrainingOptions(**{BASE: path}, **values)
    options.update(problem.fix)
    assert list(check(options, needed=True)) == []
    return options


def test_v_prediction_both_ways_round(write, sample):
    marked = write({**sample["SDXL"], "v_pred": [], "ztsnr": []})
    (problem,) = problems(marked, family="sdxl")
    assert (problem.level, problem.fields[0]) == (E, "v_parameterization")
    options = settled(marked, problem, family="sdxl")
    assert options["zero_terminal_snr"]
    assert options["scale_v_pred_loss_like_noise_pred"]
    assert options["model_variant"] == "noobai_vpred"
    eps = write(sample["SDXL"], "eps.safetensors", metadata={"modelspec.prediction_type": "epsilon"})
    (problem,) = problems(eps, family="sdxl", v_parameterization=True, model_variant="noobai_vpred")
    assert (problem.level, problem.fields[0]) == (E, "v_parameterization")
    assert not settled(eps, problem, family="sdxl", v_parameterization=True)["v_parameterization"]
    assert problems(marked, family="sdxl", v_parameterization=True) == []


def test_v_prediction_of_sd15_has_no_variant(write, sample):
    path = write({**sample["SD15"], "v_pred": []})
    (problem,) = problems(path)
    assert set(problem.fix.values()) == {True}
    settled(path, problem)


def test_v_prediction_by_the_name_of_the_file(write, sample):
    path = write(sample["SDXL"], "noobai_vPred10.safetensors")
    (problem,) = problems(path, family="sdxl")
    assert problem.level is W
    settled(path, problem, family="sdxl")
    (problem,) = problems(write(sample["SDXL"]), family="sdxl", v_parameterization=True)
    assert problem.level is N
    assert problems(write(sample["SD2"]), family="sd2", v_parameterization=True) == []


def test_chroma_both_ways_round(write, sample):
    path = write(sample["CHROMA"])
    (problem,) = problems(path, family="flux")
    assert problem.fields[0] == "model_type"
    options = settled(path, problem, family="flux")
    assert (options["model_type"], options["guidance_scale"]) == ("chroma", 0.0)
    dev = write(sample["DEV"])
    (problem,) = problems(dev, family="flux", model_type="chroma", guidance_scale=0.0)
    options = settled(dev, problem, family="flux", model_type="chroma")
    assert (options["model_type"], options["guidance_scale"]) == ("flux", 1.0)


def test_fp8(write, sample):
    path = write(sample["DEV"], dtype="F8_E4M3")
    assert [p.level for p in problems(path, family="flux", fp8_base=True)] == [N]
    path = write(sample["DEV"], dtype="F8_E5M2")
    (problem,) = problems(path, family="flux", fp8_base=True)
    assert problem.level is E
    options = TrainingOptions(family="flux", fp8_base=True, **{BASE: path})
    options.update(problem.fix)
    assert [p.level for p in check(options, needed=True)] == [N]


def test_base_models_that_cannot_be(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.ckpt").write_text("<html>")
    (tmp_path / "c.safetensors").write_text("<html>")
    (tmp_path / "d").mkdir()
    for name in ("a.txt", "b.ckpt", "c.safetensors", "d", "missing.safetensors", "mis sing"):
        (problem,) = problems(str(tmp_path / name))
        assert problem.level is E
        assert name in problem.what
        assert problem.remedy


def test_a_pytorch_file_is_not_opened(tmp_path):
    (tmp_path / "d.ckpt").write_bytes(b"PK\x03\x04")
    (problem,) = problems(str(tmp_path / "d.ckpt"))
    assert problem.level is N
    assert "not looked into" in problem.what
    (problem,) = problems(str(tmp_path / "d.ckpt"), family="flux")
    assert problem.level is E


def test_folders_are_read_for_some_families_only(tmp_path):
    for name, family, level in (("StableDiffusionPipeline", "sd15", None), ("Lumina2Pipeline", "lumina", E)):
        path = tmp_path / family
        (path / "unet").mkdir(parents=True)
        (path / "model_index.json").write_text(json.dumps({"_class_name": name}), "utf-8")
        assert [p.level for p in problems(str(path), family=family)] == ([level] if level else [])


def test_a_name_on_the_hub_is_only_a_note():
    (problem,) = problems("runwayml/stable-diffusion-v1-5")
    assert problem.level is N
    (problem,) = problems("models/none.safetensors")
    assert problem.level is E
    (problem,) = problems("black-forest-labs/FLUX.1-dev", family="flux")
    assert problem.level is E
    assert "does not download" in problem.why
