"""The model server: the engine's stand-in for AWS's PyTorch inference container, one process per instance.

    python -m sm_raw.local.serving --model-dir DIR --program inference.py --code-dir DIR --port-file FILE

- ``program``   finds and imports the user's module as the container does
- ``handler``   which function is called with what, and what becomes of its result or its error
- ``defaults``  the functions that a module may leave out
- ``context``   the object that a function may take as an extra argument
- ``server``    GET /ping and POST /invocations over HTTP/1.1, and the one thread that runs the model

What counts as right is what AWS's own code does: sagemaker-inference 1.10.1 (its Transformer),
sagemaker-pytorch-inference 2.0.25 (its default functions) and TorchServe (workers, context, bodies).

The container runs single-threaded worker processes, by default one per CPU. Here one worker serves each
instance: the main thread loads the model and runs every request, one after the other. So code that is not
thread-safe, or that sets something for its own thread (``torch.set_grad_enabled``), behaves as it does there.
"""
