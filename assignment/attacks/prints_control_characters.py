# expect: passed_harmless
# about: right, and prints escapes, markup, a forged verdict and bytes that are no UTF-8
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    text = (
        b"\x1b[2J\x1b[H\x1b]0;{MARKER}\x07\x1b[8m\x1b[1A\r<script>alert('{MARKER}')</script>"
        b"</pre></td></table></details><style>*{display:none}</style><!-- \n"
        b"\xff\xfe\x00\x80\xc0 \xe2\x80\xae \x9b31m \x08\x08\x08 ]]> ``` \n=1+1;@SUM(1)\n"
    )
    os.write(1, text)
    os.write(2, text)
    print("<b onmouseover=alert(1)>\u202e\x1b[?1049h", flush=True)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
