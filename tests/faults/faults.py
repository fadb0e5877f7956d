"""Which faults there are, and which check is to find each."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import heads, layers, optimization, routine, tabular, training
from tests.faults.editing import Finder


@dataclass(frozen=True)
class Fault:
    """A defect. Any of ``codes`` finds it; those of ``along`` may rightly speak, too."""

    codes: tuple[str, ...]
    name: str
    finder: Finder
    along: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.codes[0]} {self.name}"


def _fault(codes: str, name: str, finder: Finder, along: str = "") -> Fault:
    return Fault(tuple(codes.split()), name, finder, tuple(along.split()))


CE, NLL, BCE, LOGITS, NUMBER = "cross_entropy", "nll", "bce", "bce_with_logits", "regression"

FAULTS: tuple[Fault, ...] = (
    _fault("HL101", "softmax is returned", heads.returned("x.softmax(dim=-1)", CE), "HL111"),
    _fault(
        "HL101", "log_softmax is returned", heads.returned("torch.nn.functional.log_softmax(x, dim=1)", CE)
    ),
    _fault("HL101", "a Softmax layer in forward", heads.as_module("Softmax(dim=1)", CE), "HL111"),
    _fault("HL101", "Softmax ends the Sequential", heads.appended("Softmax(dim=1)", CE)),
    _fault("HL101", "softmax in the call of the loss", heads.at_loss("torch.softmax(x, dim=-1)", CE)),
    _fault(
        "HL101",
        "Dense softmax, from_logits",
        heads.last_dense("softmax", "CategoricalCrossentropy(from_logits=True)"),
    ),
    _fault("HL102", "sigmoid is returned", heads.returned("torch.sigmoid(x)", LOGITS), "HL117 HL111"),
    _fault("HL102", "a Sigmoid layer in forward", heads.as_module("Sigmoid()", LOGITS), "HL117 HL111"),
    _fault("HL102", "sigmoid in the call of the loss", heads.at_loss("x.sigmoid()", LOGITS)),
    _fault("HL103", "log_softmax is missing", heads.activation_dropped("log_softmax", NLL)),
    _fault("HL103", "softmax for log_softmax", heads.at_loss("torch.exp(x)", NLL)),
    _fault("HL104", "sigmoid is missing", heads.activation_dropped("sigmoid", BCE), "HL117"),
    _fault("HL104", "Dense without its activation", heads.last_activation_dropped, "HL117"),
    _fault("HL104", "from_logits is missing", heads.from_logits_dropped),
    _fault("HL105", "relu is returned", heads.returned("torch.relu(x)", NUMBER)),
    _fault("HL105", "a ReLU layer in forward", heads.as_module("ReLU()", NUMBER)),
    _fault("HL105", "Dense relu", heads.last_dense("relu", "mse")),
    _fault("HL106", "sigmoid is returned", heads.returned("torch.sigmoid(x)", NUMBER)),
    _fault("HL106", "tanh is returned", heads.returned("x.tanh()", NUMBER)),
    _fault("HL106", "Dense sigmoid", heads.last_dense("sigmoid", "mse")),
    _fault("HL107", "relu before cross-entropy", heads.returned("torch.relu(x)", CE)),
    _fault("HL107", "a ReLU layer before BCE with logits", heads.as_module("ReLU()", LOGITS)),
    _fault("HL107", "ReLU ends the Sequential", heads.appended("ReLU()", CE)),
    _fault("HL108", "squared error of probabilities", heads.squared_error_of_classes),
    _fault("HL109", "one score for cross-entropy", heads.one_unit, "HL117 SP201 XC103 HL110 TL534"),
    _fault("HL109", "softmax over one unit", heads.sigmoid_to_softmax, "HL110 HL117"),
    _fault(
        "HL110",
        "binary cross-entropy of softmax",
        heads.loss_text("sparse_categorical_crossentropy", "binary_crossentropy"),
        "HL112",
    ),
    _fault(
        "HL112",
        "integer labels, one-hot loss",
        heads.loss_text("sparse_categorical_crossentropy", "categorical_crossentropy"),
    ),
    _fault(
        "HL112",
        "one-hot labels, sparse loss",
        heads.loss_text("CategoricalCrossentropy", "SparseCategoricalCrossentropy"),
    ),
    _fault("HL112", "to_categorical is missing", heads.one_hot_dropped),
    _fault("HL113", "softmax over the batch", heads.batch_axis, "HL103 HL118"),
    _fault(
        "HL114",
        "detach in the call of the loss",
        heads.at_loss("x.detach()", CE, NUMBER, LOGITS, BCE, NLL),
        "TL525",
    ),
    _fault(
        "HL114",
        "argmax in the call of the loss",
        heads.at_loss("x.argmax(dim=1).float()", CE, NLL),
        "TL525 HL101 HL103",
    ),
    _fault("HL115 HL118", "arguments swapped", heads.arguments_swapped, "HL104 HL114 TL525 HL118 HL103"),
    _fault("HL116 HL113", "squeeze is missing", heads.squeeze_dropped, "HL117 AR613"),
    _fault("HL117", "logits against 0.5", heads.threshold_of_logits, "HL120"),
    _fault("HL118", "log_softmax is missing", heads.log_probabilities_dropped),
    _fault("HL119", "log of softmax", heads.logarithm_by_hand),
    # layers
    _fault("AR601 AR612", "one input too many", layers.one_too_many(*layers.WEIGHTED), "AR612 AR618 AR602"),
    _fault("AR601", "one channel too many for the norm", layers.one_too_many(*layers.NORMS), "AR612"),
    _fault("AR602 AR601", "flatten is missing", layers.flatten_dropped, "AR601 AR602 HL108 HL116 HL112"),
    _fault("AR603", "an activation is missing", layers.activation_dropped, "TL518"),
    _fault("AR604", "view for transpose", layers.swapped_by_view),
    _fault("AR605", "the batch is flattened", layers.batch_flattened, "AR601"),
    _fault("AR612 AR601", "no projection of the skip", layers.without_projection),
    _fault("AR615", "no causal mask", layers.mask_dropped),
    _fault("AR620", "view of a transpose", layers.contiguous_dropped),
    _fault("SP201", "zeros", layers.constant_weights("torch.nn.init.zeros_({})")),
    _fault("SP201", "ones", layers.constant_weights("{}.data.fill_(1.0)"), "SP202 SP204"),
    _fault("SP201", "a constant", layers.constant_weights("torch.nn.init.constant_({}, 0.01)")),
    _fault("SP207 SP201", "an empty parameter", layers.uninitialised),
    _fault("NR304", "dropout before batch norm", layers.dropout_before_norm),
    _fault(
        "NR305",
        "dropout is returned",
        heads.returned("torch.nn.functional.dropout(x, 0.5, self.training)", CE, LOGITS, NUMBER),
    ),
    _fault("NR305", "Dropout ends the Sequential", heads.appended("Dropout(0.3)", CE, NUMBER)),
    _fault("NR305", "BatchNorm before the loss", heads.as_module("BatchNorm1d(1)", NUMBER), "AR601"),
    _fault("NR306", "the share that is kept", layers.dropout_rate),
    _fault("NR307", "dropout without the mode", layers.dropout_always, "TL518"),
    _fault("NR313", "momentum of Keras", layers.momentum_of_keras),
    _fault("NR314", "recurrent dropout in one layer", layers.single_recurrent_layer),
    _fault("TL513", "a plain list", layers.plain_list),
    _fault("TL514", "super().__init__() is missing", layers.super_dropped),
    _fault("TL518", "a layer that is not used", layers.unused_layer),
    _fault("TL519 AR601", "one norm for two", layers.shared_norm, "AR601 TL518"),
    _fault("TL522 AR615", "batch_first is missing", layers.batch_first_dropped, "AR601"),
    _fault("TL534", "an argument is ignored", layers.argument_ignored),
    # training
    _fault("TL501", "zero_grad is missing", training.dropped("zero_grad", once=False)),
    _fault("TL502", "backward is missing", training.dropped("backward"), "TL501 TL503"),
    _fault("TL503", "step is missing", training.dropped("step"), "OP405"),
    _fault("TL504", "zero_grad after backward", training.moved("zero_grad", before="step")),
    _fault("TL504", "step before backward", training.moved("step", before="backward")),
    _fault("TL505", "eval is missing", training.no_evaluation_mode, "NR309"),
    _fault("TL505", "training=True in evaluation", training.mode_of_evaluation),
    _fault("TL506", "train is missing", training.no_training_mode),
    _fault("TL507", "no_grad is missing", training.gradients_kept_on, "TL508"),
    _fault("TL508", "item is missing", training.graph_kept),
    _fault("TL509", "shuffle is missing", training.not_shuffled),
    _fault("TL510", "evaluated on training data", training.evaluated_on_training_data, "DP706"),
    _fault("TL511", "trained on test data", training.trained_on_test_data, "TL509 TL510 TL529"),
    _fault("TL517", "scaler.update is missing", training.dropped("update")),
    _fault("TL524", "training under no_grad", training.under_no_grad, "TL525 TL507"),
    _fault("TL528", "optimiser built in each epoch", training.made_each_epoch),
    _fault("TL529", "set_epoch is missing", training.dropped("set_epoch")),
    _fault("TL531", "a reference to the weights", training.state_not_copied),
    _fault("TL533", "the result of to is dropped", training.result_dropped, "TL535"),
    _fault("TL536", "named, not called", training.not_called, "TL501 TL502 TL503 TL505 TL507 OP405"),
    _fault("TL537", "frozen by an attribute", training.frozen_by_attribute),
    _fault("TL538", "accumulated, not divided", training.not_scaled),
    _fault("TL539", "no sampler for each process", training.sampler_dropped),
    _fault("OP401", "rate × 1000", optimization.rate_times(1000.0), "SP209"),
    _fault("OP402", "rate × 1e-7", optimization.rate_times(1e-7)),
    _fault("OP404", "scheduler before optimiser", optimization.schedule_first),
    _fault("OP405", "scheduler is not stepped", optimization.schedule_unused),
    _fault("OP405", "plateau without a metric", optimization.metric_missing),
    _fault("OP406", "parameters of one layer", optimization.part_of_parameters, "TL518 NR302"),
    _fault("OP410", "clipped before backward", training.moved("clip_grad_norm_", before="backward")),
    _fault("OP410", "clipped after the step", training.moved("clip_grad_norm_", after="step")),
    _fault("NR310", "weight decay 0.8", optimization.decay(0.8)),
    _fault("NR310", "weight decay below 0", optimization.decay(-0.01)),
    _fault("OP406", "parameters of another network", routine.other_model, "NR302 TL518 TL525"),
    _fault("OP407", "momentum is missing", routine.given_dropped("momentum", "SGD")),
    _fault("OP408", "batches of one sample", routine.one_sample, "NR308"),
    _fault("OP409", "one epoch", routine.one_epoch, "OP405"),
    _fault("OP411", "a recurrent net without clipping", routine.not_clipped),
    _fault("OP412", "Adam for AdamW", routine.called_otherwise("AdamW", "Adam", "weight_decay"), "NR310"),
    _fault("OP413", "a constant rate", optimization.never_scheduled, "OP407"),
    _fault("OP414", "the loss is a sum", routine.summed),
    _fault("OP415", "a number for a constant", routine.literal_in_place),
    _fault("TL520", "no seed", routine.unseeded),
    _fault("TL527", "the test set in one batch", routine.all_in_one_batch),
    _fault("TL530", "nothing is told", routine.nothing_told),
    _fault("TL535", "the batch is not moved", routine.not_moved, "TL533"),
    _fault("TL535", "made on the CPU", routine.made_on_cpu),
    _fault("TL535", "an attribute for a buffer", routine.buffer_as_attribute),
    # data
    _fault("DP709", "stratify is missing", routine.given_dropped("stratify", "train_test_split")),
    _fault("DP711", "the test split chooses", routine.test_split_chooses),
    _fault("DP714", "no random transforms", routine.not_augmented, "NR302"),
    _fault("DP717", "no workers", routine.loaded_alone),
    _fault("DP701", "scaled before the split", tabular.fitted_before_split),
    _fault("DP702", "fitted on what is held out", tabular.fitted_on_test),
    _fault("DP703", "columns are not scaled", tabular.not_scaled),
    _fault("DP703 DP712", "pixels are not scaled", tabular.pixels_not_scaled),
    _fault("DP703", "nothing rescales", tabular.rescaling_dropped),
    _fault("DP704", "random transforms in evaluation", tabular.augmented_evaluation),
    _fault("DP705", "normalised before ToTensor", tabular.normalised_first),
    _fault("DP712", "other statistics in evaluation", tabular.other_statistics),
    _fault("DP715", "labels shuffled alone", tabular.shuffled_apart),
    _fault("DP716", "the target among the features", tabular.target_kept),
)
