package android.os;

/** Stub: what the app uses of it, the SoC's names being new in API 31. */
public final class Build {
    public static final String MANUFACTURER = "";
    public static final String MODEL = "";
    public static final String SOC_MANUFACTURER = "";
    public static final String SOC_MODEL = "";

    public static final class VERSION {
        public static final String RELEASE = "";
        public static final int SDK_INT = Integer.parseInt("0");
    }
}
