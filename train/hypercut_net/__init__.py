"""The training of HyperCut's portrait network: pictures in, an int8 .tflite out."""
