package org.tensorflow.lite;

/** Stub: signatures of LiteRT's Java API, without code. */
public interface Tensor {
    DataType dataType();
    int[] shape();
}
