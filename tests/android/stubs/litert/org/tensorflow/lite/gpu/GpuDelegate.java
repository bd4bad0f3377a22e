package org.tensorflow.lite.gpu;

import org.tensorflow.lite.Delegate;

/** Stub: signatures of LiteRT's Java API, without code. */
public class GpuDelegate implements Delegate {
    public GpuDelegate(GpuDelegateFactory.Options options) { throw new UnsupportedOperationException("stub"); }
    @Override public long getNativeHandle() { throw new UnsupportedOperationException("stub"); }
    @Override public void close() { throw new UnsupportedOperationException("stub"); }
}
