"""Networks. A builder takes the keras namespace first, so that one definition serves Keras 3 (training on
TensorFlow or JAX) and tf-keras (quantisation-aware training with tensorflow-model-optimization)."""

from train.networks.cnn import cnn6, cnn7
from train.networks.efficientnet import efficientnet_b0, efficientnet_b3
from train.networks.macs import count_macs
from train.networks.mobilenet import ASMNET_TAPS, asmnet, mobilenet_v2
from train.networks.registry import NETWORKS, build_network

__all__ = [
    "ASMNET_TAPS",
    "NETWORKS",
    "asmnet",
    "build_network",
    "cnn6",
    "cnn7",
    "count_macs",
    "efficientnet_b0",
    "efficientnet_b3",
    "mobilenet_v2",
]
