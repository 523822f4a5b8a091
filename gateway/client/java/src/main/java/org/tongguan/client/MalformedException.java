package org.tongguan.client;

/** A text, key or signature that is not what its format says; the same input is refused again. */
public class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MalformedException(String message) {
        super(message);
    }
}
