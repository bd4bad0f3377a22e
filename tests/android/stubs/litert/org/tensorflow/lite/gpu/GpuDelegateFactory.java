package org.tensorflow.lite.gpu;

/** Stub: signatures of LiteRT's Java API, without code. */
public class GpuDelegateFactory {
    public static class Options {
        public static final int INFERENCE_PREFERENCE_SUSTAINED_SPEED = 1;

        public Options() { throw new UnsupportedOperationException("stub"); }
        public Options setInferencePreference(int preference) { throw new UnsupportedOperationException("stub"); }
    }
}
