package org.tensorflow.lite;

/** Stub: values of LiteRT's Java API, without code. */
public enum DataType { FLOAT32, INT32, UINT8, INT64, STRING, BOOL, INT16, INT8 }
