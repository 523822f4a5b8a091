package org.tongguan.client;

import java.util.Map;

/** What a gateway refused, as its RFC 9457 problem document says. */
public final class GatewayException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Map<String, Object> problem;
    private final int status;

    GatewayException(int status, Map<String, Object> problem) {
        super(problem.getOrDefault("detail", "HTTP " + status) + (problem.get("fix") == null ? "" : ". " + problem.get("fix")));
        this.status = status;
        this.problem = problem;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The problem document: {@code type}, {@code detail}, {@code pointer}, {@code rule}, {@code fix}, {@code code}. */
    public Map<String, Object> problem() {
        return problem;
    }

    /** Whether the same request may succeed later, here or at another gateway. */
    public boolean isTemporary() {
        return status == 429 || status >= 500;
    }
}
