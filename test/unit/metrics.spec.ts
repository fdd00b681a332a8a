import { countVerdict, observeRequest, renderMetrics } from '../../src/metrics/metrics.js';

const linesOf = async (name: string) =>
  (await renderMetrics()).text.split('\n').filter((line) => line.startsWith(name));

describe('metrics', () => {
  it('count verdicts by action and code', async () => {
    countVerdict('validate', 'VALID');
    countVerdict('validate', 'VALID');
    countVerdict('activate', 'MAX_ACTIVATIONS');
    expect(await linesOf('mooring_license_verdicts_total')).toEqual([
      'mooring_license_verdicts_total{action="validate",code="VALID"} 2',
      'mooring_license_verdicts_total{action="activate",code="MAX_ACTIVATIONS"} 1',
    ]);
  });

  it('measure requests by plane, route pattern and status class', async () => {
    observeRequest({
      plane: 'download',
      method: 'GET',
      route: '/api/v1/download/file/:token',
      status: 206,
      seconds: 0.02,
    });
    expect(await linesOf('mooring_http_request_duration_seconds_count')).toContain(
      'mooring_http_request_duration_seconds_count{plane="download",method="GET",route="/api/v1/download/file/:token",status="2xx"} 1',
    );
  });

  it('put everything that matched no route into one series, so that nobody can make up new ones', async () => {
    for (const method of ['GET', 'POST', 'PROPFIND']) {
      observeRequest({ plane: 'panel', method, route: undefined, status: 404, seconds: 0.001 });
    }
    const series = (await linesOf('mooring_http_request_duration_seconds_count')).filter((line) =>
      line.includes('4xx'),
    );
    expect(series).toEqual([
      'mooring_http_request_duration_seconds_count{plane="panel",method="any",route="unknown",status="4xx"} 3',
    ]);
  });

  it('include what Node tells of the process', async () => {
    const { contentType, text } = await renderMetrics();
    expect(contentType).toMatch(/^text\/plain/);
    expect(text).toContain('process_resident_memory_bytes');
  });
});
