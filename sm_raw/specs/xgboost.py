"""AWS's built-in XGBoost: its hyperparameters as a table, for checks.

Names, required ones and ranges as in https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html;
what the page leaves open as the containers judge it (versions 0.90 to 1.7, all names that one of them takes):
https://github.com/aws/sagemaker-xgboost-container, ``algorithm_mode/hyperparameter_validation.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from sm_raw.specs.image_classification import Hyperparameter

XGBOOST_OBJECTIVES = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror"),
    *("reg:quantileerror", "reg:gamma", "reg:tweedie", "reg:linear"),
    *("binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "survival:cox", "survival:aft"),
    *("multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map"),
)
MULTICLASS_OBJECTIVES = ("multi:softmax", "multi:softprob")  # these need num_class

TEXT = Hyperparameter("text")
FLAG = Hyperparameter("integer", 0, 1)
SWITCH = Hyperparameter("choice", choices=("true", "false"))


def _count(minimum: int = 0, maximum: int | None = None, *, required: bool = False) -> Hyperparameter:
    return Hyperparameter("integer", minimum, maximum, required=required)


def _number(minimum: float | None = 0, maximum: float | None = None) -> Hyperparameter:
    return Hyperparameter("number", minimum, maximum)


def _choice(*choices: str, default: str | None = None) -> Hyperparameter:
    return Hyperparameter("choice", choices=choices, default=default)


XGBOOST_HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "num_round": _count(1, required=True),
    "num_class": _count(2),
    "aft_loss_distribution": _choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _number(),
    "alpha": _number(),
    "base_score": _number(None),
    "booster": _choice("gbtree", "gblinear", "dart"),
    "colsample_bylevel": _number(0, 1),
    "colsample_bynode": _number(0, 1),
    "colsample_bytree": _number(0, 1),
    "csv_weights": FLAG,
    "deterministic_histogram": SWITCH,
    "dsplit": _choice("row", "col"),
    "early_stopping_rounds": _count(1),
    "eta": _number(0, 1),
    "eval_metric": TEXT,
    "gamma": _number(),
    "grow_policy": _choice("depthwise", "lossguide"),
    "interaction_constraints": TEXT,
    "lambda": _number(),
    "lambda_bias": _number(0, 1),
    "learning_rate": _number(0, 1),  # another name of eta; the next ones of gamma, lambda and alpha
    "min_split_loss": _number(),
    "reg_lambda": _number(),
    "reg_alpha": _number(),
    "max_bin": _count(),
    "max_delta_step": _number(),
    "max_depth": _count(),
    "max_leaves": _count(),
    "min_child_weight": _number(),
    "monotone_constraints": TEXT,
    "normalize_type": _choice("tree", "forest"),
    "nthread": _count(1),
    "num_parallel_tree": _count(1),
    "objective": _choice(*XGBOOST_OBJECTIVES, default="reg:squarederror"),
    "one_drop": FLAG,
    "predictor": _choice("auto", "cpu_predictor", "gpu_predictor"),
    "prob_buffer_row": TEXT,
    "process_type": _choice("default", "update"),
    "rate_drop": _number(0, 1),
    "refresh_leaf": FLAG,
    "sample_type": _choice("uniform", "weighted"),
    "sampling_method": _choice("uniform", "gradient_based"),
    "save_model_on_termination": SWITCH,
    "scale_pos_weight": _number(),
    "seed": TEXT,
    "silent": FLAG,
    "single_precision_histogram": SWITCH,
    "sketch_eps": _number(0, 1),
    "skip_drop": _number(0, 1),
    "subsample": _number(0, 1),
    "tree_method": _choice("auto", "exact", "approx", "hist", "gpu_hist"),
    "tweedie_variance_power": _number(1, 2),
    "updater": TEXT,
    "use_dask_gpu_training": SWITCH,
    "verbosity": _count(0, 3),
}

# Of the library, not in the containers' lists as far as these are known: a check says nothing of them.
_LIBRARY_NAMES = """
    cache_opt device disable_default_eval_metric feature_selector huber_slope lambdarank_bias_norm
    lambdarank_normalization lambdarank_num_pair_per_sample lambdarank_pair_method lambdarank_score_normalization
    lambdarank_unbiased max_cached_hist_node max_cat_threshold max_cat_to_onehot multi_strategy n_jobs
    ndcg_exp_gain num_feature num_output_group num_pbuffer quantile_alpha random_state save_period
    seed_per_iteration top_k use_rmm validate_parameters
    """
XGBOOST_LIBRARY_NAMES = frozenset(_LIBRARY_NAMES.split())
