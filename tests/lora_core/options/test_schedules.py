"""The plotted learning rate, step by step, against the schedules that set it."""

from __future__ import annotations

from typing import Any

import pytest

from lora_core.errors import InputError
from lora_core.options import TrainingOptions, schedules
from lora_core.options.schedules import OWN, curve, cycles, learning_rates, trainer_keys

UNET, TEXT, TOTAL = 4e-4, 1e-4, 60


def options(**more: Any) -> TrainingOptions:
    rates = {"unet_lr": UNET, "text_encoder_lr": TEXT, "learning_rate": UNET, "lr_warmup_steps": 0}
    return TrainingOptions(**{**rates, **more})


def optimizer(kind: Any = None, **more: Any) -> Any:
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": rate} for rate in (TEXT, UNET)]
    return (kind or torch.optim.SGD)(groups, lr=UNET, **more)


def stepped(made: Any, schedule: Any, steps: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"text_encoder": [], "unet": []}
    for _ in range(steps):
        for name, group in zip(found, made.param_groups, strict=True):
            found[name].append(group["lr"])
        made.step()
        schedule.step()
    return found


def same(chosen: TrainingOptions, real: dict[str, list[float]], total: int = TOTAL) -> None:
    found = curve(chosen, total)
    assert found.pop("steps") == list(range(1, total + 1))
    assert found == {name: pytest.approx(rates, rel=1e-9, abs=1e-15) for name, rates in real.items()}


@pytest.mark.parametrize("warmup", [0, 7, 0.1])
@pytest.mark.parametrize(
    ("name", "kind", "settings", "given"),
    [
        ("linear", "LINEAR", {}, {}),
        ("cosine", "COSINE", {}, {}),
        ("constant_with_warmup", "CONSTANT_WITH_WARMUP", {}, {}),
        ("cosine_with_restarts", "COSINE_WITH_RESTARTS", {"lr_scheduler_num_cycles": 4}, {"num_cycles": 4}),
        ("polynomial", "POLYNOMIAL", {"lr_scheduler_power": 2.0}, {"power": 2.0}),
        ("inverse_sqrt", "INVERSE_SQRT", {}, {}),
        ("inverse_sqrt", "INVERSE_SQRT", {"lr_scheduler_timescale": 20}, {"timescale": 20}),
        (
            "cosine_with_min_lr",
            "COSINE_WITH_MIN_LR",
            {"lr_scheduler_min_lr_ratio": 0.2},
            {"num_cycles": 0.5, "min_lr_rate": 0.2},
        ),
        (
            "warmup_stable_decay",
            "WARMUP_STABLE_DECAY",
            {"lr_scheduler_min_lr_ratio": 0.2, "lr_decay_steps": 15},
            {"num_cycles": 0.5, "min_lr_ratio": 0.2, "num_decay_steps": 15},
        ),
    ],
)
def test_the_trainers_schedules(
    name: str, kind: str, settings: dict[str, Any], given: dict[str, Any], warmup: float
) -> None:
    """Called as the trainer calls them; two of their arguments are there only for some."""
    transformers = pytest.importorskip("transformers")
    function = transformers.optimization.TYPE_TO_SCHEDULER_FUNCTION[transformers.SchedulerType[kind]]
    steps = int(warmup * TOTAL) if isinstance(warmup, float) else warmup
    made = optimizer()
    if kind == "WARMUP_STABLE_DECAY":
        given = {**given, "num_stable_steps": TOTAL - steps - 15}
    elif kind not in ("CONSTANT_WITH_WARMUP", "INVERSE_SQRT"):
        given = {**given, "num_training_steps": TOTAL}
    schedule = function(made, num_warmup_steps=steps, **given)
    same(options(lr_scheduler=name, lr_warmup_steps=warmup, **settings), stepped(made, schedule, TOTAL))


def test_constant_and_steps_of_ones_own() -> None:
    optimization = pytest.importorskip("diffusers.optimization")
    made = optimizer()
    same(options(lr_scheduler="constant"), stepped(made, optimization.get_constant_schedule(made), TOTAL))
    rules = "1:10,0.5:30,0.1"
    made = optimizer()
    schedule = optimization.get_piecewise_constant_schedule(made, step_rules=rules)
    chosen = options(lr_scheduler="piecewise_constant", lr_scheduler_args=[f"step_rules={rules!r}"])
    same(chosen, stepped(made, schedule, TOTAL))
    for wrong in ("1:a,1", "x", "1:2:3,1"):
        chosen["lr_scheduler_args"] = [f"step_rules={wrong!r}"]
        with pytest.raises(InputError):
            curve(chosen, TOTAL)


@pytest.mark.parametrize("warmup_init", [True, False])
def test_adafactor_with_its_own_rate(warmup_init: bool) -> None:
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    weight = torch.nn.Parameter(torch.ones(2))
    made = transformers.Adafactor(
        [weight], lr=None, scale_parameter=False, relative_step=True, warmup_init=warmup_init
    )
    real = []
    for _ in range(20):
        weight.grad = torch.ones(2)
        made.step()
        real.append(float(made._get_lr(made.param_groups[0], made.state[weight])))
    arguments = ["scale_parameter=False", f"warmup_init={warmup_init}"]
    found = curve(options(optimizer_type="Adafactor", optimizer_args=arguments), 20)
    assert found["unet"] == pytest.approx(real)
    given = options(
        optimizer_type="Adafactor", optimizer_args=["relative_step=False"], lr_scheduler="constant"
    )
    assert set(curve(given, 20)["unet"]) == {UNET}


@pytest.mark.parametrize("name", list(OWN))
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"lr_warmup_steps": 9, "lr_scheduler_num_cycles": 4, "restart_gamma": 0.5},
        {"lr_warmup_steps": 0.2, "restart_multiplier": 2.0, "restart_min_lr": 2e-4},
        {"restart_first_steps": 7, "lr_warmup_steps": 12},
        {"restart_first_steps": 0.5, "restart_multiplier": 0.5, "restart_rex_d": 0.3},
    ],
)
def test_our_schedules_with_the_arguments_that_the_trainer_gets(name: str, more: dict[str, Any]) -> None:
    """The arguments as texts go through the trainer's reading into the real class."""
    pytest.importorskip("torch")
    from lora_core.engines.sd_scripts.modules import lora_workbench_schedulers
    from lora_core.options.optimizers import parse

    chosen = options(lr_scheduler=name, **more)
    keys = trainer_keys(chosen, TOTAL)
    module, _, kind = keys["lr_scheduler_type"].rpartition(".")
    assert module == lora_workbench_schedulers.__name__.rpartition(".")[2]
    assert keys["lr_warmup_steps"] == 0
    made = optimizer()
    schedule = getattr(lora_workbench_schedulers, kind)(made, **parse(keys["lr_scheduler_args"]))
    same(chosen, stepped(made, schedule, TOTAL))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("multiplier", [0.5, 1.0, 1.7])
def test_cycles_fill_the_training_and_none_begins_at_its_end(count: int, multiplier: float) -> None:
    chosen = options(
        lr_scheduler="cosine_warm_restarts", lr_scheduler_num_cycles=count, restart_multiplier=multiplier
    )
    for total in (50, 100, 1234):
        plan = cycles(chosen, total)
        assert plan.covers(count) >= total
        assert plan.place(total - 1)[0] <= count - 1
        shorter = schedules.Cycles(plan.first - 1, plan.warmup, multiplier, 0.9, 0, None)
        assert plan.first == 1 or shorter.covers(count) < total


def test_warm_up_is_shared_out_among_the_cycles() -> None:
    chosen = options(lr_scheduler="rex_warm_restarts", lr_scheduler_num_cycles=3, lr_warmup_steps=0.05)
    plan = cycles(chosen, 1000)
    assert (plan.warmup, plan.first) == (16, 334)
    chosen["lr_warmup_steps"] = 1_000_000
    assert cycles(chosen, 10).warmup < cycles(chosen, 10).first


def test_length_is_needed_for_restarts_only() -> None:
    chosen = options(lr_scheduler="cosine_warm_restarts")
    with pytest.raises(InputError, match="number of steps"):
        trainer_keys(chosen, None)
    chosen.update({"max_train_epochs": None, "max_train_steps": 90})
    assert "first_cycle_max_steps=30" in trainer_keys(chosen, None)["lr_scheduler_args"]
    assert trainer_keys(options(), None) == {}
    assert trainer_keys(options(lr_scheduler="rex_warm_restarts", lr_scheduler_type="a.B"), None) == {}


def test_schedule_free_optimizers_pass_over_the_schedule() -> None:
    found = curve(options(optimizer_type="AdamWScheduleFree", lr_scheduler="cosine"), 30)
    assert set(found["unet"]) == {UNET}


def test_a_class_of_ones_own_cannot_be_plotted() -> None:
    assert list(curve(options(lr_scheduler_type="some.Schedule"), 30)) == ["steps"]


def test_two_processes_run_through_a_warm_up_in_steps_twice_as_fast() -> None:
    """The trainer multiplies the steps by the processes, but not the warm-up (`get_scheduler_fix`)."""
    alone, two = (
        curve(options(lr_scheduler="linear", lr_warmup_steps=10, num_processes=count), 50)["unet"]
        for count in (1, 2)
    )
    assert alone.index(max(alone)) == 10
    assert two.index(max(two)) == 5
    shares = (
        curve(options(lr_scheduler="cosine", lr_warmup_steps=0.2, num_processes=count), 50)["unet"]
        for count in (1, 2)
    )
    assert next(shares) == pytest.approx(next(shares))


def test_points_are_spread_from_the_first_to_the_last_step() -> None:
    whole, few = curve(options(), 1000), curve(options(), 1000, points=11)
    assert (few["steps"][0], few["steps"][-1], len(few["steps"])) == (1, 1000, 11)
    assert few["unet"] == [whole["unet"][int(step) - 1] for step in few["steps"]]
    assert len(curve(options(), 5, points=11)["steps"]) == 5


def test_parts_that_are_trained() -> None:
    assert learning_rates(options()) == {"unet": UNET, "text_encoder": TEXT}
    assert learning_rates(options(network_train_unet_only=True)) == {"unet": UNET}
    assert learning_rates(options(network_train_text_encoder_only=True)) == {"text_encoder": TEXT}
    assert learning_rates(options(text_encoder_lr=0.0)) == {"unet": UNET}
    assert learning_rates(options(unet_lr=None, text_encoder_lr=None, learning_rate=1.0)) == {
        "unet": 1.0,
        "text_encoder": 1.0,
    }
    sd3 = options(family="sd3", network_train_unet_only=False, text_encoder_lr_2=5e-5, train_t5xxl=True)
    assert learning_rates(sd3) == {
        "unet": UNET,
        "text_encoder": TEXT,
        "text_encoder_2": 5e-5,
        "text_encoder_3": 5e-5,
    }
    sd3["train_t5xxl"] = False
    assert "text_encoder_3" not in learning_rates(sd3)
    assert set(learning_rates(options(family="flux", network_train_unet_only=False))) == {
        "unet",
        "text_encoder",
    }
