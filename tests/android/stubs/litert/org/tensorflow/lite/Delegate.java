package org.tensorflow.lite;

import java.io.Closeable;

/** Stub: signatures of LiteRT's Java API, without code. */
public interface Delegate extends Closeable {
    long getNativeHandle();
    @Override default void close() { throw new UnsupportedOperationException("stub"); }
}
